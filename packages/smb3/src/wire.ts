import { SmbError } from './errors.ts'

// The bytes of SMB 2/3 messages ([MS-SMB2] §2.2): encoders of requests and parsers of answers, without state.
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
const maxUint32 = 0xffffffff

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

const cut = (what: string) => new SmbError('protocol', `The server's answer to ${what} is cut short.`)

/** The part of `message` (header included) that a field's offset and length name. */
function field(message: Buffer, where: { offset: number; length: number; what: string }): Buffer {
  if (where.length === 0) return Buffer.alloc(0)
  if (where.offset < headerLength || where.offset + where.length > message.length) throw cut(where.what)
  return message.subarray(where.offset, where.offset + where.length)
}

function body(message: Buffer, structureSize: number, what: string): Buffer {
  const bytes = message.subarray(headerLength)
  if (bytes.length < (structureSize & ~1) || bytes.readUInt16LE(0) !== structureSize) throw cut(what)
  return bytes
}

// ── NEGOTIATE (§2.2.3, §2.2.4) ───────────────────────────────────────────────────────────────────

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

// ── SESSION_SETUP, TREE_CONNECT (§2.2.5–2.2.10) ──────────────────────────────────────────────────

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

/** LOGOFF, TREE_DISCONNECT and ECHO: nothing but their size. */
export function encodeEmpty(): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(4, 0)
  return bytes
}

// ── files (§2.2.13–2.2.22) ───────────────────────────────────────────────────────────────────────

export const access = {
  readData: 0x1,
  writeData: 0x2,
  readAttributes: 0x80,
  writeAttributes: 0x100,
  delete: 0x10000,
  synchronize: 0x100000,
} as const
export const shareAccess = { read: 1, write: 2, delete: 4 } as const
export const disposition = { supersede: 0, open: 1, create: 2, openOrCreate: 3, overwrite: 4, overwriteOrCreate: 5 } as const
export const createOption = { directory: 0x1, sequential: 0x4, nonDirectory: 0x40, openReparsePoint: 0x200000 } as const
export const fileAttribute = { directory: 0x10, normal: 0x80, reparsePoint: 0x400 } as const

export type CreateRequest = { path: string; access: number; shareAccess: number; disposition: number; options: number }

export function encodeCreate(request: CreateRequest): Buffer {
  const name = Buffer.from(request.path, 'utf16le')
  const fixed = Buffer.alloc(56)
  fixed.writeUInt16LE(57, 0)
  fixed.writeUInt32LE(2, 4)
  fixed.writeUInt32LE(request.access >>> 0, 24)
  fixed.writeUInt32LE(request.options & createOption.directory ? fileAttribute.directory : fileAttribute.normal, 28)
  fixed.writeUInt32LE(request.shareAccess, 32)
  fixed.writeUInt32LE(request.disposition, 36)
  fixed.writeUInt32LE(request.options, 40)
  fixed.writeUInt16LE(headerLength + fixed.length, 44)
  fixed.writeUInt16LE(name.length, 46)
  return Buffer.concat([fixed, name.length > 0 ? name : Buffer.alloc(1)])
}

export type Created = { fileId: Buffer; created: bigint; size: bigint; lastWrite: bigint; attributes: number }

export function parseCreate(message: Buffer): Created {
  const bytes = body(message, 89, 'CREATE')
  return {
    created: bytes.readBigUInt64LE(8),
    lastWrite: bytes.readBigUInt64LE(24),
    size: bytes.readBigUInt64LE(48),
    attributes: bytes.readUInt32LE(56),
    fileId: Buffer.from(bytes.subarray(64, 80)),
  }
}

export function encodeClose(fileId: Buffer): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt16LE(24, 0)
  fileId.copy(bytes, 8)
  return bytes
}

export const encodeFlush = encodeClose

export function encodeRead(request: { fileId: Buffer; offset: number; length: number }): Buffer {
  const bytes = Buffer.alloc(49)
  bytes.writeUInt16LE(49, 0)
  bytes.writeUInt8(headerLength + 16, 2)
  bytes.writeUInt32LE(request.length, 4)
  bytes.writeBigUInt64LE(BigInt(request.offset), 8)
  request.fileId.copy(bytes, 16)
  return bytes
}

export function parseRead(message: Buffer): Buffer {
  const bytes = body(message, 17, 'READ')
  return field(message, { offset: bytes.readUInt8(2), length: bytes.readUInt32LE(4), what: 'READ' })
}

/** The fixed part of a WRITE; its data follows as it is, so that it is not copied here. */
export function encodeWrite(request: { fileId: Buffer; offset: number; length: number }): Buffer {
  const bytes = Buffer.alloc(48)
  bytes.writeUInt16LE(49, 0)
  bytes.writeUInt16LE(headerLength + 48, 2)
  bytes.writeUInt32LE(request.length, 4)
  bytes.writeBigUInt64LE(BigInt(request.offset), 8)
  request.fileId.copy(bytes, 16)
  return bytes
}

export function parseWrite(message: Buffer): number {
  return body(message, 17, 'WRITE').readUInt32LE(4)
}

// ── directories, information, control (§2.2.31–2.2.40) ───────────────────────────────────────────

export const infoType = { file: 1, fileSystem: 2 } as const
export const fileInfo = { internal: 6, rename: 10, disposition: 13, endOfFile: 20, networkOpen: 34, normalizedName: 48 } as const
export const fileSystemInfo = { fullSize: 7 } as const
const fileIdBothDirectoryInformation = 37

export function encodeQueryDirectory(request: { fileId: Buffer; restart: boolean; length: number }): Buffer {
  const pattern = Buffer.from('*', 'utf16le')
  const bytes = Buffer.alloc(32)
  bytes.writeUInt16LE(33, 0)
  bytes.writeUInt8(fileIdBothDirectoryInformation, 2)
  bytes.writeUInt8(request.restart ? 1 : 0, 3)
  request.fileId.copy(bytes, 8)
  bytes.writeUInt16LE(headerLength + bytes.length, 24)
  bytes.writeUInt16LE(pattern.length, 26)
  bytes.writeUInt32LE(request.length, 28)
  return Buffer.concat([bytes, pattern])
}

export function parseBuffer(message: Buffer, what: string): Buffer {
  const bytes = body(message, 9, what)
  return field(message, { offset: bytes.readUInt16LE(2), length: bytes.readUInt32LE(4), what })
}

export type DirectoryRow = { name: string; size: bigint; lastWrite: bigint; attributes: number }

/** FileIdBothDirectoryInformation ([MS-FSCC] §2.4.17). */
export function parseDirectory(bytes: Buffer): DirectoryRow[] {
  const rows: DirectoryRow[] = []
  for (let at = 0; bytes.length > 0; ) {
    if (at + 104 > bytes.length) throw cut('QUERY_DIRECTORY')
    const nameLength = bytes.readUInt32LE(at + 60)
    if (at + 104 + nameLength > bytes.length) throw cut('QUERY_DIRECTORY')
    rows.push({
      lastWrite: bytes.readBigUInt64LE(at + 24),
      size: bytes.readBigUInt64LE(at + 40),
      attributes: bytes.readUInt32LE(at + 56),
      name: bytes.toString('utf16le', at + 104, at + 104 + nameLength),
    })
    const next = bytes.readUInt32LE(at)
    if (next === 0) break
    if (next < 104) throw cut('QUERY_DIRECTORY')
    at += next
  }
  return rows
}

export function encodeQueryInfo(request: { fileId: Buffer; type: number; level: number; length: number }): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.writeUInt16LE(41, 0)
  bytes.writeUInt8(request.type, 2)
  bytes.writeUInt8(request.level, 3)
  bytes.writeUInt32LE(request.length, 4)
  request.fileId.copy(bytes, 24)
  return bytes
}

/** FileFsFullSizeInformation ([MS-FSCC] §2.5.4), in bytes. */
export function parseFullSize(bytes: Buffer): { total: number; free: number } {
  if (bytes.length < 32) throw cut('QUERY_INFO')
  const unit = BigInt(bytes.readUInt32LE(24)) * BigInt(bytes.readUInt32LE(28))
  return { total: Number(bytes.readBigUInt64LE(0) * unit), free: Number(bytes.readBigUInt64LE(8) * unit) }
}

/** FileNetworkOpenInformation ([MS-FSCC] §2.4.29). */
export function parseNetworkOpen(bytes: Buffer): { size: bigint; lastWrite: bigint; attributes: number } {
  if (bytes.length < 56) throw cut('QUERY_INFO')
  return { lastWrite: bytes.readBigUInt64LE(16), size: bytes.readBigUInt64LE(40), attributes: bytes.readUInt32LE(48) }
}

/** FileInternalInformation ([MS-FSCC] §2.4.27): the number of the file on its volume. */
export function parseIndexNumber(bytes: Buffer): bigint {
  if (bytes.length < 8) throw cut('QUERY_INFO')
  return bytes.readBigUInt64LE(0)
}

/** FileNormalizedNameInformation ([MS-FSCC] §2.4.28): the path below the share as it is stored. */
export function parseName(bytes: Buffer): string {
  const length = bytes.length >= 4 ? bytes.readUInt32LE(0) : Number.POSITIVE_INFINITY
  if (4 + length > bytes.length) throw cut('QUERY_INFO')
  return bytes.toString('utf16le', 4, 4 + length)
}

export function encodeSetInfo(request: { fileId: Buffer; level: number; data: Buffer }): Buffer {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt16LE(33, 0)
  bytes.writeUInt8(infoType.file, 2)
  bytes.writeUInt8(request.level, 3)
  bytes.writeUInt32LE(request.data.length, 4)
  bytes.writeUInt16LE(headerLength + bytes.length, 8)
  request.fileId.copy(bytes, 16)
  return Buffer.concat([bytes, request.data])
}

/** FileRenameInformation ([MS-FSCC] §2.4.37.2). */
export function encodeRename(path: string, replace: boolean): Buffer {
  const name = Buffer.from(path, 'utf16le')
  const bytes = Buffer.alloc(20)
  bytes.writeUInt8(replace ? 1 : 0, 0)
  bytes.writeUInt32LE(name.length, 16)
  return Buffer.concat([bytes, name])
}

export function encodeEndOfFile(size: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(size))
  return bytes
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

// ── encryption (§2.2.41) ─────────────────────────────────────────────────────────────────────────

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

export const noTree = maxUint32
