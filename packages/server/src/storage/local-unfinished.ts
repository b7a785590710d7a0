import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, mkdir, open, rm, rmdir } from 'node:fs/promises'
import { RESERVED_PREFIX } from './key.ts'
import { unless } from './local-errors.ts'
import { type Place, syncDirectory, withDirectory } from './local-layout.ts'
import type { WriteId } from './target.ts'

/**
 * An unfinished write is a directory `.hf-<time>-<random>` beside the object, with the file under its final name in it: the name
 * tells `listWrites` the key, the directory keeps the parent from being tidied away, and the final rename stays within one folder.
 * The write id adds the file's inode and birth time, by which a repeated commit knows its own object.
 */
export type WriteName = { readonly directoryName: string; readonly identity: string; readonly startedAt: number }

const idPattern = /^([0-9a-z]{8,10})-([0-9a-f]{24})\.([0-9a-z]+-[0-9a-z]+)$/

export const newDirectoryName = (now: number): string =>
  `${RESERVED_PREFIX}${now.toString(36).padStart(8, '0')}-${randomBytes(12).toString('hex')}`

export const identityOf = (stats: BigIntStats): string => `${stats.ino.toString(36)}-${stats.birthtimeNs.toString(36)}`

export const toWriteId = (directoryName: string, stats: BigIntStats): WriteId =>
  `${directoryName.slice(RESERVED_PREFIX.length)}.${identityOf(stats)}`

/** Null where `id` is no id of this driver; nothing that a caller passes can name a path of its own. */
export function parseWriteId(id: WriteId): WriteName | null {
  const match = idPattern.exec(id)
  if (!match) return null
  const [, time = '', random = '', identity = ''] = match
  return { directoryName: `${RESERVED_PREFIX}${time}-${random}`, identity, startedAt: Number.parseInt(time, 36) }
}

export const startedAtOf = (directoryName: string): number | null =>
  parseWriteId(`${directoryName.slice(RESERVED_PREFIX.length)}.0-0`)?.startedAt ?? null

export type Unfinished = { directory: string; path: string; handle: FileHandle }

/** Makes the directory and the file of a write, of mode 0700 and 0600, `size` bytes long and empty of blocks. Nothing is left on failure. */
export async function createUnfinished(root: string, place: Place, options: { now: number; size: number }): Promise<Unfinished> {
  const directory = `${place.directory}/${newDirectoryName(options.now)}`
  await withDirectory(root, place.directory, () => mkdir(directory, { mode: 0o700 }))
  const path = `${directory}/${place.name}`
  try {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
    try {
      if (options.size > 0) await handle.truncate(options.size)
      return { directory, path, handle }
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    await removeUnfinished(directory)
    throw error
  }
}

/** Makes the write findable after a power cut. */
export async function syncUnfinished({ directory, handle }: Unfinished, parent: string): Promise<void> {
  await handle.sync()
  await syncDirectory(directory)
  await syncDirectory(parent)
}

export async function removeUnfinished(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}

/** Removes the directory once its file has been renamed out of it; one that is gone or in use again is fine. */
export async function removeEmptied(directory: string): Promise<void> {
  await unless(['ENOENT', 'ENOTEMPTY'], rmdir(directory))
}
