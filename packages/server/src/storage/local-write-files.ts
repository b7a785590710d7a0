import { constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { ALIGNMENT, type AlignedMemory } from './aligned.ts'
import { unless } from './local-errors.ts'
import { createPathWork } from './path-work.ts'
import { StorageError } from './target.ts'

/** Bytes per system call: an abort is noticed between two of them. */
const PIECE = 8 * 1024 * 1024
/** Below this a write is not worth the second descriptor and the copy that O_DIRECT may take. */
const LEAST_DIRECT = 256 * 1024
/** Buffered bytes after which write-back starts, so that the flush at the end finds little left to do. */
const WRITE_BEHIND = 32 * 1024 * 1024

type At = { offset: number; signal: AbortSignal | undefined }

export async function writeAll(handle: FileHandle, bytes: Uint8Array, { offset, signal }: At): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    signal?.throwIfAborted()
    const { bytesWritten } = await handle.write(bytes, done, Math.min(PIECE, bytes.length - done), offset + done)
    done += bytesWritten
  }
}

export const writeGone = (): StorageError =>
  new StorageError('not-found', 'There is no such write: it was committed, aborted or never begun')

/** The open file of a write under way. */
export interface WriteFile {
  readonly size: number
  /** Past the page cache where the file system allows it and the bytes are many. */
  write(bytes: Uint8Array, at: At): Promise<void>
  /**
   * Makes what was written durable. After a failed flush the kernel forgets what it could not write and the next one succeeds
   * without it: so a failure here calls `onLost`, and the write must end.
   */
  flush(onLost: () => Promise<void>): Promise<void>
}

type OpenFile = WriteFile & { readonly inode: bigint; close(): Promise<void> }

/** Shared by the files of one target: its memory, and whether its file system turned out to take O_DIRECT. */
export type DirectWriting = { readonly memory: AlignedMemory; allowed: boolean }

async function openDirect(path: string, direct: DirectWriting): Promise<FileHandle | null> {
  if (!direct.allowed || constants.O_DIRECT === undefined) return null
  const handle = await unless(
    ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'],
    open(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_DIRECT),
  )
  if (!handle) direct.allowed = false
  return handle
}

async function createOpenFile(path: string, handle: FileHandle, direct: DirectWriting): Promise<OpenFile> {
  const stats = await handle.stat({ bigint: true })
  let opening: Promise<FileHandle | null> | undefined
  let unsynced = 0
  let behind: Promise<void> = Promise.resolve()

  const writeBuffered = async (bytes: Uint8Array, at: At): Promise<void> => {
    await writeAll(handle, bytes, at)
    unsynced += bytes.length
    if (unsynced < WRITE_BEHIND) return
    unsynced = 0
    behind = behind.then(() => handle.datasync())
    behind.catch(() => {})
  }
  const writeDirect = async (file: FileHandle, bytes: Uint8Array, { offset, signal }: At): Promise<boolean> => {
    const head = (ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT
    const end = head + Math.floor((bytes.length - head) / ALIGNMENT) * ALIGNMENT
    const pieces = [
      writeAll(handle, bytes.subarray(0, head), { offset, signal }),
      unless(
        ['EINVAL', 'ENOTSUP'],
        writeAll(file, bytes.subarray(head, end), { offset: offset + head, signal }).then(() => true),
      ),
      writeAll(handle, bytes.subarray(end), { offset: offset + end, signal }),
    ] as const
    await Promise.allSettled(pieces)
    return (await Promise.all(pieces))[1] ?? false
  }
  return {
    inode: stats.ino,
    size: Number(stats.size),
    async write(bytes, at) {
      if (bytes.length < LEAST_DIRECT || !direct.allowed) return writeBuffered(bytes, at)
      opening ??= openDirect(path, direct)
      const file = await opening
      using buffer = direct.memory.fits(bytes, at.offset) ? null : direct.memory.take(at.offset, bytes.length)
      if (buffer) buffer.bytes.set(bytes)
      const placed = buffer?.bytes ?? bytes
      if (!file || !direct.memory.fits(placed, at.offset)) return writeBuffered(bytes, at)
      if (await writeDirect(file, placed, at)) return
      direct.allowed = false
      await writeBuffered(bytes, at)
    },
    async flush(onLost) {
      try {
        await behind
        await handle.datasync()
      } catch (error) {
        await onLost()
        throw error
      }
    },
    async close() {
      await behind.catch(() => {})
      await (await opening?.catch(() => null))?.close()
      await handle.close()
    },
  }
}

/** The open files of writes under way, at most `limit` of them, so that a part costs no open and close. */
export interface WriteFiles extends AsyncDisposable {
  /** Runs `work` on the file at `path`; 'not-found' where it is gone, also where another process finished the write. */
  use<T>(path: string, work: (file: WriteFile) => Promise<T>): Promise<T>
  /** Keeps `handle` for later use; closes it where that fails. */
  adopt(path: string, handle: FileHandle): Promise<void>
  /** Waits until nothing uses the file and closes it. */
  release(path: string): Promise<void>
}

/** `users` counts from before the file is open, so that nothing closes it between being found and being used. */
type Entry = { readonly opening: Promise<OpenFile>; users: number; evicted: boolean }

export function createWriteFiles(limit: number, direct: DirectWriting): WriteFiles {
  const entries = new Map<string, Entry>()
  const busy = createPathWork()

  const closeWhenIdle = async (entry: Entry): Promise<void> => {
    if (!entry.evicted || entry.users > 0) return
    await entry.opening.then(
      (file) => file.close(),
      () => {},
    )
  }
  const evict = async (path: string, entry: Entry | undefined = entries.get(path)): Promise<void> => {
    if (!entry || entry.evicted) return
    if (entries.get(path) === entry) entries.delete(path)
    entry.evicted = true
    await closeWhenIdle(entry)
  }
  const trim = async (): Promise<void> => {
    for (const path of entries.keys()) {
      if (entries.size <= limit) return
      await evict(path)
    }
  }
  const openFile = async (path: string): Promise<OpenFile> => {
    const handle = await unless(['ENOENT', 'ENOTDIR'], open(path, constants.O_RDWR | constants.O_NOFOLLOW))
    if (!handle) throw writeGone()
    return createOpenFile(path, handle, direct)
  }
  const find = (path: string): Entry => {
    const entry = entries.get(path) ?? { opening: openFile(path), users: 0, evicted: false }
    // The map keeps the order of use; the file that was used longest ago goes first.
    entries.delete(path)
    entries.set(path, entry)
    return entry
  }
  const run = async <T>(path: string, work: (file: WriteFile) => Promise<T>): Promise<T> => {
    const entry = find(path)
    entry.users += 1
    try {
      const file = await entry.opening
      await trim()
      const now = await unless(['ENOENT', 'ENOTDIR'], lstat(path, { bigint: true }))
      if (now?.ino !== file.inode) throw writeGone()
      return await work(file)
    } catch (error) {
      if (error instanceof StorageError && error.fault === 'not-found') await evict(path, entry)
      throw error
    } finally {
      entry.users -= 1
      await closeWhenIdle(entry)
    }
  }

  return {
    use: (path, work) => busy.run(path, () => run(path, work)),
    async adopt(path, handle) {
      entries.set(path, { opening: createOpenFile(path, handle, direct), users: 0, evicted: false })
      await trim()
    },
    async release(path) {
      await busy.settled(path)
      await evict(path)
    },
    async [Symbol.asyncDispose]() {
      await busy.settled()
      for (const path of [...entries.keys()]) await evict(path)
    },
  }
}
