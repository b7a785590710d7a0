import { randomBytes } from 'node:crypto'
import { RESERVED_PREFIX } from './key.ts'
import { StorageError, type WriteId } from './target.ts'

/**
 * An unfinished write on a file server is a folder `.hf-<time>-<random>` beside the object with the file under its final name in
 * it. The write id adds the file's identity, by which a repeated commit knows its own object.
 */
export type TreeWrite = { readonly folderName: string; readonly identity: string; readonly startedAt: number }

const idPattern = /^([0-9a-z]{8,10})-([0-9a-f]{24})\.([0-9a-zA-Z_-]{1,64})$/

export const newWriteFolder = (now: number): string =>
  `${RESERVED_PREFIX}${now.toString(36).padStart(8, '0')}-${randomBytes(12).toString('hex')}`

export const toTreeWriteId = (folderName: string, identity: string): WriteId => `${folderName.slice(RESERVED_PREFIX.length)}.${identity}`

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
