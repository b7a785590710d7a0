import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { RESERVED_PREFIX } from './key.ts'
import type { RemoteFile } from './remote-files.ts'
import { type PartReceipt, StorageError, type WriteId, type WritePart } from './target.ts'

/**
 * An unfinished write on a file server is a folder `.hf-<time>-<random>` beside the object with the file under its final name in
 * it. The write id adds the file's identity, by which a repeated commit knows its own object.
 */
export type TreeWrite = { readonly folderName: string; readonly identity: string; readonly startedAt: number }

const idPattern = /^([0-9a-z]{8,10})-([0-9a-f]{24})\.([0-9a-zA-Z_-]{1,64})$/

export const newWriteFolder = (now: number): string =>
  `${RESERVED_PREFIX}${now.toString(36).padStart(8, '0')}-${randomBytes(12).toString('hex')}`

/** Stands for the identity of a file on a server that tells none. */
const NO_IDENTITY = 'none'

export const toTreeWriteId = (folderName: string, identity: string | null): WriteId =>
  `${folderName.slice(RESERVED_PREFIX.length)}.${identity ?? NO_IDENTITY}`

const checksum = (bytes: Uint8Array): string => crc32(bytes).toString(16)

/**
 * The receipt of a part of an object of `size` bytes. Where the server tells no identity, those of the first and the last part hold a
 * checksum, by which a repeated commit knows its own object.
 */
export function toTreeReceipt(part: WritePart, write: TreeWrite, size: number): PartReceipt {
  const { number, offset, bytes } = part
  const isMarked = write.identity === NO_IDENTITY && (number === 1 || offset + bytes.length === size)
  return { number, size: bytes.length, tag: isMarked ? checksum(bytes) : null }
}

/**
 * Whether `file` is what the write made of it: by its identity, else by its size and the checksums of its first and last part, which
 * no two sealed objects share.
 */
export async function isFileOfWrite(file: RemoteFile, write: TreeWrite, receipts: readonly PartReceipt[]): Promise<boolean> {
  if (write.identity !== NO_IDENTITY) return (await file.identity()) === write.identity
  const sorted = [...new Map(receipts.map((receipt) => [receipt.number, receipt])).values()].sort((a, b) => a.number - b.number)
  if (file.size !== sorted.reduce((sum, receipt) => sum + receipt.size, 0)) return false
  const [first, last] = [sorted[0], sorted.at(-1)]
  const holds = async (receipt: PartReceipt, offset: number): Promise<boolean> => {
    const bytes = new Uint8Array(receipt.size)
    return (await file.read(bytes, offset)) === bytes.length && checksum(bytes) === receipt.tag
  }
  if (!first || !last) return true
  return (await holds(first, 0)) && (last === first || (await holds(last, file.size - last.size)))
}

/** Null where `id` is no id of such a write; nothing that a caller passes can name a path of its own. */
export function parseTreeWriteId(id: WriteId): TreeWrite | null {
  const match = idPattern.exec(id)
  if (!match) return null
  const [, time = '', random = '', identity = ''] = match
  return { folderName: `${RESERVED_PREFIX}${time}-${random}`, identity, startedAt: Number.parseInt(time, 36) }
}

/** When the write of this folder began; null where the name is none of ours. */
export const writeFolderStart = (folderName: string): number | null =>
  folderName.startsWith(RESERVED_PREFIX) ? (parseTreeWriteId(`${folderName.slice(RESERVED_PREFIX.length)}.0`)?.startedAt ?? null) : null

export const noSuchWrite = (): StorageError =>
  new StorageError('not-found', 'There is no such write: it was committed, aborted or never begun')
