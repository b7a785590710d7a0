import { body, field, headerLength } from './wire.ts'

// Files: CREATE, CLOSE, FLUSH, READ, WRITE ([MS-SMB2] §2.2.13–2.2.22).
// Parsers take what the network brings: each checks every offset and length before it reads.

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
