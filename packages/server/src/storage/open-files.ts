import { createPathWork } from './path-work.ts'
import type { RemoteFile } from './remote-files.ts'

type Entry = { file: Promise<RemoteFile>; users: number; dropped: boolean; idle: NodeJS.Timeout | null }

/**
 * Files that are open at the server, by path, so that neighbouring reads and writes share one open and close. One that nobody used
 * for `idleMilliseconds`, or the oldest beyond `limit`, is closed: an open file can keep its name from being replaced.
 */
export interface OpenFiles extends AsyncDisposable {
  use<T>(path: string, work: (file: RemoteFile) => Promise<T>): Promise<T>
  adopt(path: string, file: RemoteFile): void
  /** Waits until nothing uses the file and closes it. */
  release(path: string): Promise<void>
}

/** As `createOpenFiles`, but each use opens anew: for servers where an open file stays the old one after it was replaced or removed. */
export function createUnsharedFiles(open: (path: string) => Promise<RemoteFile>): OpenFiles {
  const busy = createPathWork()
  const run = async <T>(path: string, work: (file: RemoteFile) => Promise<T>): Promise<T> => {
    await using file = await open(path)
    return await work(file)
  }
  return {
    use: (path, work) => busy.run(path, () => run(path, work)),
    async adopt(_path, file) {
      await file[Symbol.asyncDispose]()
    },
    async release(path) {
      await busy.settled(path)
    },
    async [Symbol.asyncDispose]() {
      await busy.settled()
    },
  }
}

export function createOpenFiles(options: {
  open: (path: string) => Promise<RemoteFile>
  limit: number
  idleMilliseconds: number
}): OpenFiles {
  const entries = new Map<string, Entry>()
  const busy = createPathWork()

  const close = async (entry: Entry): Promise<void> => {
    if (entry.idle) clearTimeout(entry.idle)
    await entry.file.then((file) => file[Symbol.asyncDispose]()).catch(() => {})
  }
  const drop = async (path: string, entry: Entry): Promise<void> => {
    if (entries.get(path) === entry) entries.delete(path)
    entry.dropped = true
    if (entry.users === 0) await close(entry)
  }
  const find = (path: string): Entry => {
    const entry = entries.get(path) ?? { file: options.open(path), users: 0, dropped: false, idle: null }
    entries.delete(path)
    entries.set(path, entry)
    if (entry.idle) clearTimeout(entry.idle)
    return entry
  }
  const rest = (path: string, entry: Entry): void => {
    if (entry.users > 0) return
    if (entry.dropped) return void close(entry)
    entry.idle = setTimeout(() => void drop(path, entry), options.idleMilliseconds)
    entry.idle.unref()
    for (const [oldest, other] of entries) {
      if (entries.size <= options.limit) break
      if (other.users === 0) void drop(oldest, other)
    }
  }
  const run = async <T>(path: string, work: (file: RemoteFile) => Promise<T>): Promise<T> => {
    const entry = find(path)
    entry.users += 1
    try {
      return await work(await entry.file)
    } catch (error) {
      // Whatever broke, the next call starts from a fresh open.
      if (entries.get(path) === entry) entries.delete(path)
      entry.dropped = true
      throw error
    } finally {
      entry.users -= 1
      rest(path, entry)
    }
  }

  return {
    use: (path, work) => busy.run(path, () => run(path, work)),
    adopt(path, file) {
      const entry: Entry = { file: Promise.resolve(file), users: 0, dropped: false, idle: null }
      entries.set(path, entry)
      rest(path, entry)
    },
    async release(path) {
      await busy.settled(path)
      const entry = entries.get(path)
      if (entry) await drop(path, entry)
    },
    async [Symbol.asyncDispose]() {
      await busy.settled()
      await Promise.allSettled([...entries].map(([path, entry]) => drop(path, entry)))
    },
  }
}
