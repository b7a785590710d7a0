import { randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, fsync, openSync, rmSync, type Stats, statSync, write, writev } from 'node:fs'
import { link, open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CommandFailure } from '../failure.ts'
import { onInterrupt } from './interrupt.ts'
import { whenReady } from './when-ready.ts'

/** Where the result goes. A file appears whole and durable at `commit` or not at all; a stream takes bytes as they come. */
export type Destination = FileDestination | StreamDestination

type Ending = AsyncDisposable & {
  readonly name: string
  /** Gives a file its name, durably. Disposing without it takes everything away (X4). */
  commit(): Promise<void>
}

export type FileDestination = Ending & {
  readonly kind: 'file'
  /** All of `bytes` at `offset`. Whole pages from page-aligned memory at whole pages go past the page cache. */
  write(bytes: Uint8Array, offset: number): Promise<void>
}

export type StreamDestination = Ending & {
  readonly kind: 'stream'
  /** All of `pieces`, one behind the other. The next call waits for this one. */
  write(pieces: readonly Uint8Array[]): Promise<void>
}

const PAGE_BYTES = 4096

/** Opens `path`; `-` is standard output. An existing file is refused without `replace`. */
export async function openDestination(path: string, options: { replace: boolean }): Promise<Destination> {
  if (path === '-') return streamDestination(1, 'standard output')
  const existing = statSync(path, { throwIfNoEntry: false })
  if (existing?.isDirectory()) throw new CommandFailure(`${path}: it is a folder; give the name of a file`)
  if (existing && !existing.isFile()) return streamDestination(openSync(path, 'w'), path)
  if (existing && !options.replace) throw new CommandFailure(`${path}: it exists already; --force replaces it`)
  return await fileDestination(existing ? await realpath(path) : path, existing, options)
}

const writeOnce = (descriptor: number, bytes: Uint8Array, position: number): Promise<number> =>
  new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, position, (error, length) => (error ? reject(error) : resolve(length)))
  })

async function writeFully(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await writeOnce(descriptor, bytes.subarray(at), position + at)
}

const writePieces = (descriptor: number, pieces: readonly Uint8Array[]): Promise<number> =>
  new Promise((resolve, reject) => {
    writev(descriptor, pieces, (error, length) => (error ? reject(error) : resolve(length)))
  })

/** What is left of `pieces` behind their first `length` bytes. */
function behind(pieces: readonly Uint8Array[], length: number): Uint8Array[] {
  let left = length
  return pieces.flatMap((piece) => {
    const gone = Math.min(left, piece.length)
    left -= gone
    return gone === piece.length ? [] : [piece.subarray(gone)]
  })
}

async function writeStream(descriptor: number, name: string, pieces: readonly Uint8Array[]): Promise<void> {
  try {
    for (let left = behind(pieces, 0); left.length > 0; ) {
      const waiting = left
      left = behind(left, await whenReady(() => writePieces(descriptor, waiting)))
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    throw new CommandFailure(`${name}: its reader went away before all was written`)
  }
}

function streamDestination(descriptor: number, name: string): StreamDestination {
  return {
    name,
    kind: 'stream',
    write: (pieces) => writeStream(descriptor, name, pieces),
    commit: async () => {},
    async [Symbol.asyncDispose]() {
      if (descriptor > 2) closeSync(descriptor)
    },
  }
}

/** A second descriptor of the same file that writes past the page cache, or null where the file system does not have that. */
function openDirect(path: string): number | null {
  if (!constants.O_DIRECT) return null
  try {
    return openSync(path, constants.O_WRONLY | constants.O_DIRECT)
  } catch {
    return null
  }
}

const sync = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => fsync(descriptor, (error) => (error ? reject(error) : resolve())))

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

/** Puts the finished file where nothing may be replaced; a file that came there meanwhile wins. */
async function nameAnew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new CommandFailure(`${path}: it exists already; --force replaces it`)
    if (statSync(path, { throwIfNoEntry: false })) throw error
    // Some file systems have no second names.
    return await rename(temporary, path)
  }
  await rm(temporary)
}

function openNew(path: string, interrupted: Disposable): number {
  try {
    return openSync(path, 'wx', 0o666)
  } catch (error) {
    interrupted[Symbol.dispose]()
    throw error
  }
}

async function fileDestination(path: string, existing: Stats | undefined, options: { replace: boolean }): Promise<FileDestination> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.part`)
  // From before there is anything to take away, so that no interrupt falls in between.
  const interrupted = onInterrupt(() => rmSync(temporary, { force: true }))
  const descriptor = openNew(temporary, interrupted)
  const direct = openDirect(temporary)
  let left = true
  const close = () => {
    left = false
    interrupted[Symbol.dispose]()
    if (direct !== null) closeSync(direct)
    closeSync(descriptor)
  }
  return {
    name: path,
    kind: 'file',
    async write(bytes, offset) {
      if (direct === null || bytes.length % PAGE_BYTES !== 0 || offset % PAGE_BYTES !== 0)
        return await writeFully(descriptor, bytes, offset)
      try {
        await writeFully(direct, bytes, offset)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
        await writeFully(descriptor, bytes, offset)
      }
    },
    async commit() {
      if (existing) fchmodSync(descriptor, existing.mode & 0o777)
      await sync(descriptor)
      if (options.replace) await rename(temporary, path)
      else await nameAnew(temporary, path)
      close()
      await syncFolder(dirname(path))
    },
    async [Symbol.asyncDispose]() {
      if (!left) return
      close()
      await rm(temporary, { force: true })
    },
  }
}
