import { body, cut, field, headerLength } from './wire.ts'

// What a share says of its folders and files, and changes of it ([MS-SMB2] §2.2.33–2.2.40; [MS-FSCC] §2.4, §2.5): QUERY_DIRECTORY,
// QUERY_INFO, SET_INFO.
// Parsers take what the network brings: each checks every offset and length before it reads.

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
