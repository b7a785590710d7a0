import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, rm, rmdir } from 'node:fs/promises'
import { RESERVED_PREFIX } from './key.ts'
import { codeOf, unless } from './local-errors.ts'
import { type Place, syncDirectory, withDirectory } from './local-layout.ts'
import { StorageError, type WriteId } from './target.ts'

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

export const writeGone = (): StorageError =>
  new StorageError('not-found', 'There is no such write: it was committed, aborted or never begun')

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

type Entry = { handle: FileHandle; inode: bigint; size: number; users: number; evicted: boolean }

/** Open files of writes under way, at most `limit` of them idle or in use, so that a part costs no open and close. */
export interface WriteFiles extends AsyncDisposable {
  /** Runs `work` on the file at `path`; 'not-found' where it is gone, also where another process finished the write. */
  use<T>(path: string, work: (file: { handle: FileHandle; size: number }) => Promise<T>): Promise<T>
  /** Keeps `handle` for later use. */
  adopt(path: string, handle: FileHandle): Promise<void>
  /** Waits until nothing uses the file and closes it. */
  release(path: string): Promise<void>
}

export function createWriteFiles(limit: number): WriteFiles {
  const entries = new Map<string, Promise<Entry>>()
  const busy = new Map<string, Set<Promise<unknown>>>()

  const closeIdle = async (entry: Entry): Promise<void> => {
    entry.evicted = true
    if (entry.users === 0) await entry.handle.close()
  }
  const trim = async (): Promise<void> => {
    for (const [path, pending] of entries) {
      if (entries.size <= limit) return
      entries.delete(path)
      await pending.then(closeIdle, () => {})
    }
  }
  const toEntry = async (handle: FileHandle): Promise<Entry> => {
    const stats = await handle.stat({ bigint: true })
    return { handle, inode: stats.ino, size: Number(stats.size), users: 0, evicted: false }
  }
  const openEntry = async (path: string): Promise<Entry> => {
    const handle = await unless(['ENOENT', 'ENOTDIR'], open(path, constants.O_RDWR | constants.O_NOFOLLOW))
    if (!handle) throw writeGone()
    return toEntry(handle)
  }
  const find = (path: string): Promise<Entry> => {
    const pending = entries.get(path) ?? openEntry(path)
    entries.delete(path)
    entries.set(path, pending)
    pending.catch(() => entries.get(path) === pending && entries.delete(path))
    return pending
  }
  const drop = async (path: string): Promise<void> => {
    const pending = entries.get(path)
    entries.delete(path)
    await pending?.then(closeIdle, () => {})
  }
  const run = async <T>(path: string, work: (file: { handle: FileHandle; size: number }) => Promise<T>): Promise<T> => {
    const entry = await find(path)
    entry.users += 1
    try {
      await trim()
      const now = await unless(['ENOENT', 'ENOTDIR'], lstat(path, { bigint: true }))
      if (now?.ino !== entry.inode) {
        await drop(path)
        throw writeGone()
      }
      return await work(entry)
    } finally {
      entry.users -= 1
      if (entry.evicted && entry.users === 0) await entry.handle.close().catch((error: unknown) => void codeOf(error))
    }
  }

  return {
    async use(path, work) {
      const running = run(path, work)
      const all = busy.get(path) ?? new Set()
      busy.set(path, all.add(running))
      try {
        return await running
      } finally {
        all.delete(running)
        if (all.size === 0) busy.delete(path)
      }
    },
    async adopt(path, handle) {
      entries.set(path, toEntry(handle))
      await trim()
    },
    async release(path) {
      await Promise.allSettled([...(busy.get(path) ?? [])])
      await drop(path)
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...busy.values()].flatMap((all) => [...all]))
      for (const path of [...entries.keys()]) await drop(path)
    },
  }
}
