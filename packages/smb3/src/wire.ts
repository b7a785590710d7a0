import { SmbError } from './errors.ts'

// What all SMB 2/3 messages have in common ([MS-SMB2] §2.2.1, §2.2.41): the header, the fields behind it, the envelope of encryption.
// The messages themselves stand by subject in the files beside this one: encoders of requests and parsers of answers, without state.
// Parsers take what the network brings: each checks every offset and length before it reads.

export const command = {
  negotiate: 0,
  sessionSetup: 1,
  logoff: 2,
  treeConnect: 3,
  treeDisconnect: 4,
  create: 5,
  close: 6,
  flush: 7,
  read: 8,
  write: 9,
  ioctl: 11,
  cancel: 12,
  echo: 13,
  queryDirectory: 14,
  queryInfo: 16,
  setInfo: 17,
} as const

export const dialect = { smb300: 0x0300, smb302: 0x0302, smb311: 0x0311 } as const
export const cipher = { aes128ccm: 1, aes128gcm: 2, aes256ccm: 3, aes256gcm: 4 } as const
export const capability = { largeMtu: 0x04, encryption: 0x40 } as const
export const headerFlag = { response: 1, async: 2, signed: 8 } as const
export const sessionFlag = { guest: 1, anonymous: 2, encrypt: 4 } as const

export const headerLength = 64
/** The tree of messages that belong to none. */
export const noTree = 0xffffffff

export type Header = {
  readonly creditCharge: number
  readonly status: number
  readonly command: number
  readonly credits: number
  readonly flags: number
  readonly nextCommand: number
  readonly messageId: bigint
  readonly asyncId: bigint
  readonly treeId: number
  readonly sessionId: bigint
}

export type RequestHeader = {
  command: number
  creditCharge: number
  credits: number
  messageId: bigint
  treeId: number
  sessionId: bigint
  flags?: number
}

const magicPlain = 0xfe534d42

/** A request's header ([MS-SMB2] §2.2.1.2). */
export function encodeHeader(header: RequestHeader): Buffer {
  const bytes = Buffer.alloc(headerLength)
  bytes.writeUInt32BE(magicPlain, 0)
  bytes.writeUInt16LE(headerLength, 4)
  bytes.writeUInt16LE(header.creditCharge, 6)
  bytes.writeUInt16LE(header.command, 12)
  bytes.writeUInt16LE(header.credits, 14)
  bytes.writeUInt32LE(header.flags ?? 0, 16)
  bytes.writeBigUInt64LE(header.messageId, 24)
  bytes.writeUInt32LE(header.treeId, 36)
  bytes.writeBigUInt64LE(header.sessionId, 40)
  return bytes
}

export function parseHeader(bytes: Buffer): Header {
  if (bytes.length < headerLength || bytes.readUInt32BE(0) !== magicPlain || bytes.readUInt16LE(4) !== headerLength) {
    throw new SmbError('protocol', 'The server sent something else than an SMB 2 message.')
  }
  const flags = bytes.readUInt32LE(16)
  return {
    creditCharge: bytes.readUInt16LE(6),
    status: bytes.readUInt32LE(8),
    command: bytes.readUInt16LE(12),
    credits: bytes.readUInt16LE(14),
    flags,
    nextCommand: bytes.readUInt32LE(20),
    messageId: bytes.readBigUInt64LE(24),
    asyncId: flags & headerFlag.async ? bytes.readBigUInt64LE(32) : 0n,
    treeId: flags & headerFlag.async ? 0 : bytes.readUInt32LE(36),
    sessionId: bytes.readBigUInt64LE(40),
  }
}

export const cut = (what: string) => new SmbError('protocol', `The server's answer to ${what} is cut short.`)

/** The part of `message` (header included) that a field's offset and length name. */
export function field(message: Buffer, where: { offset: number; length: number; what: string }): Buffer {
  if (where.length === 0) return Buffer.alloc(0)
  if (where.offset < headerLength || where.offset + where.length > message.length) throw cut(where.what)
  return message.subarray(where.offset, where.offset + where.length)
}

export function body(message: Buffer, structureSize: number, what: string): Buffer {
  const bytes = message.subarray(headerLength)
  if (bytes.length < (structureSize & ~1) || bytes.readUInt16LE(0) !== structureSize) throw cut(what)
  return bytes
}

/** LOGOFF, TREE_DISCONNECT and ECHO: nothing but their size. */
export function encodeEmpty(): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(4, 0)
  return bytes
}

export const transformLength = 52
export const transformMagic = 0xfd534d42

export function encodeTransform(options: { nonce: Buffer; length: number; sessionId: bigint }): Buffer {
  const bytes = Buffer.alloc(transformLength)
  bytes.writeUInt32BE(transformMagic, 0)
  options.nonce.copy(bytes, 20)
  bytes.writeUInt32LE(options.length, 36)
  bytes.writeUInt16LE(1, 42)
  bytes.writeBigUInt64LE(options.sessionId, 44)
  return bytes
}

/** Windows FILETIME (100 ns since 1601) as milliseconds since 1970. */
export const fileTimeToMs = (value: bigint): number => Number(value / 10_000n - 11_644_473_600_000n)
export const msToFileTime = (value: number): bigint => (BigInt(value) + 11_644_473_600_000n) * 10_000n
