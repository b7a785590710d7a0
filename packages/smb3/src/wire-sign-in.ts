import { body, capability, cut, dialect, field, headerLength } from './wire.ts'

// From the first message to a share ([MS-SMB2] §2.2.3–2.2.10): NEGOTIATE, SESSION_SETUP, TREE_CONNECT, and by FSCTL (§2.2.31, §2.2.32) the
// check of what was negotiated.
// Parsers take what the network brings: each checks every offset and length before it reads.

const contextType = { preauth: 1, encryption: 2 } as const
export const offeredDialects = [dialect.smb300, dialect.smb302, dialect.smb311]
export const signingRequired = 2
export const clientCapabilities = capability.largeMtu | capability.encryption

function context(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16LE(type, 0)
  head.writeUInt16LE(data.length, 2)
  return Buffer.concat([head, data, Buffer.alloc((8 - (data.length & 7)) & 7)])
}

export function encodeNegotiate(options: { clientGuid: Buffer; salt: Buffer; ciphers: readonly number[] }): Buffer {
  const fixed = Buffer.alloc(36)
  fixed.writeUInt16LE(36, 0)
  fixed.writeUInt16LE(offeredDialects.length, 2)
  fixed.writeUInt16LE(signingRequired, 4)
  fixed.writeUInt32LE(clientCapabilities, 8)
  options.clientGuid.copy(fixed, 12)
  const dialects = Buffer.alloc(8)
  offeredDialects.forEach((value, index) => {
    dialects.writeUInt16LE(value, index * 2)
  })
  const offset = headerLength + fixed.length + dialects.length
  const padding = Buffer.alloc((8 - (offset & 7)) & 7)
  fixed.writeUInt32LE(offset + padding.length, 28)
  fixed.writeUInt16LE(2, 32)
  const preauth = Buffer.alloc(6)
  preauth.writeUInt16LE(1, 0)
  preauth.writeUInt16LE(options.salt.length, 2)
  preauth.writeUInt16LE(1, 4)
  const ciphers = Buffer.alloc(2 + options.ciphers.length * 2)
  ciphers.writeUInt16LE(options.ciphers.length, 0)
  options.ciphers.forEach((value, index) => {
    ciphers.writeUInt16LE(value, 2 + index * 2)
  })
  const contexts = [context(contextType.preauth, Buffer.concat([preauth, options.salt])), context(contextType.encryption, ciphers)]
  return Buffer.concat([fixed, dialects, padding, ...contexts])
}

export type Negotiated = {
  readonly securityMode: number
  readonly dialect: number
  readonly serverGuid: Buffer
  readonly capabilities: number
  readonly maxTransact: number
  readonly maxRead: number
  readonly maxWrite: number
  readonly systemTime: bigint
  /** What the contexts of 3.1.1 chose; null where the server sent none. */
  readonly cipher: number | null
  readonly preauthHash: number | null
}

export function parseNegotiate(message: Buffer): Negotiated {
  const bytes = body(message, 65, 'NEGOTIATE')
  const chosen = bytes.readUInt16LE(4)
  const contexts =
    chosen === dialect.smb311
      ? parseContexts(message, { offset: bytes.readUInt32LE(60), count: bytes.readUInt16LE(6) })
      : { cipher: null, preauthHash: null }
  return {
    securityMode: bytes.readUInt16LE(2),
    dialect: chosen,
    serverGuid: Buffer.from(bytes.subarray(8, 24)),
    capabilities: bytes.readUInt32LE(24),
    maxTransact: bytes.readUInt32LE(28),
    maxRead: bytes.readUInt32LE(32),
    maxWrite: bytes.readUInt32LE(36),
    systemTime: bytes.readBigUInt64LE(40),
    ...contexts,
  }
}

function parseContexts(message: Buffer, where: { offset: number; count: number }): { cipher: number | null; preauthHash: number | null } {
  let cipherChosen: number | null = null
  let preauthHash: number | null = null
  let at = where.offset
  for (let index = 0; index < where.count; index++) {
    if (at < headerLength || at + 8 > message.length) throw cut('NEGOTIATE')
    const type = message.readUInt16LE(at)
    const length = message.readUInt16LE(at + 2)
    const data = message.subarray(at + 8, at + 8 + length)
    if (data.length < length) throw cut('NEGOTIATE')
    if (type === contextType.preauth && length >= 6) preauthHash = data.readUInt16LE(4)
    if (type === contextType.encryption && length >= 4) cipherChosen = data.readUInt16LE(2)
    at += 8 + length + ((8 - (length & 7)) & 7)
  }
  return { cipher: cipherChosen, preauthHash }
}

export function encodeSessionSetup(token: Buffer): Buffer {
  const fixed = Buffer.alloc(24)
  fixed.writeUInt16LE(25, 0)
  fixed.writeUInt8(signingRequired, 3)
  fixed.writeUInt16LE(headerLength + fixed.length, 12)
  fixed.writeUInt16LE(token.length, 14)
  return Buffer.concat([fixed, token])
}

export function parseSessionSetup(message: Buffer): { flags: number; token: Buffer } {
  const bytes = body(message, 9, 'SESSION_SETUP')
  return {
    flags: bytes.readUInt16LE(2),
    token: field(message, { offset: bytes.readUInt16LE(4), length: bytes.readUInt16LE(6), what: 'SESSION_SETUP' }),
  }
}

export function encodeTreeConnect(path: string): Buffer {
  const name = Buffer.from(path, 'utf16le')
  const fixed = Buffer.alloc(8)
  fixed.writeUInt16LE(9, 0)
  fixed.writeUInt16LE(headerLength + fixed.length, 4)
  fixed.writeUInt16LE(name.length, 6)
  return Buffer.concat([fixed, name])
}

export const shareType = { disk: 1 } as const

export function parseTreeConnect(message: Buffer): { type: number; maximalAccess: number } {
  const bytes = body(message, 16, 'TREE_CONNECT')
  return { type: bytes.readUInt8(2), maximalAccess: bytes.readUInt32LE(12) }
}

export const fsctl = { validateNegotiate: 0x00140204 } as const

/** An FSCTL on the connection rather than a file (§2.2.31). */
export function encodeIoctl(request: { code: number; input: Buffer; maxOutput: number }): Buffer {
  const bytes = Buffer.alloc(56)
  bytes.writeUInt16LE(57, 0)
  bytes.writeUInt32LE(request.code, 4)
  bytes.fill(0xff, 8, 24)
  bytes.writeUInt32LE(headerLength + bytes.length, 24)
  bytes.writeUInt32LE(request.input.length, 28)
  bytes.writeUInt32LE(request.maxOutput, 44)
  bytes.writeUInt32LE(1, 48)
  return Buffer.concat([bytes, request.input])
}

export function parseIoctl(message: Buffer): Buffer {
  const bytes = body(message, 49, 'IOCTL')
  return field(message, { offset: bytes.readUInt32LE(32), length: bytes.readUInt32LE(36), what: 'IOCTL' })
}

/** VALIDATE_NEGOTIATE_INFO (§2.2.31.4): the NEGOTIATE as this client sent it. */
export function encodeValidateNegotiate(clientGuid: Buffer): Buffer {
  const bytes = Buffer.alloc(24 + offeredDialects.length * 2)
  bytes.writeUInt32LE(clientCapabilities, 0)
  clientGuid.copy(bytes, 4)
  bytes.writeUInt16LE(signingRequired, 20)
  bytes.writeUInt16LE(offeredDialects.length, 22)
  offeredDialects.forEach((value, index) => {
    bytes.writeUInt16LE(value, 24 + index * 2)
  })
  return bytes
}
