import type { Attributes } from 'ssh2'
import type { RemoteFile, RemoteFiles, RemoteNames } from './remote-files.ts'
import { SftpStatus, statusOf, toSftpError } from './sftp-errors.ts'
import { ask, type SftpLink, type SftpSession } from './sftp-link.ts'
import { extended, isFile, isFolder, listFolder, type Opened, openFile, renameFile, toStat } from './sftp-requests.ts'
import { type CallOptions, StorageError } from './target.ts'

/** OpenSSH takes packets of 256 KiB; this leaves room for what stands around the bytes. */
const PIECE = 255 * 1024
const IN_FLIGHT = 8
const MOST_SPARE = 16

/** Backslashes divide names on Windows servers, so they are written as %5c, and so is a % that would read as such. */
const toName = (segment: string): string => segment.replace(/\\|%(?=5c|25)/g, (char) => (char === '\\' ? '%5c' : '%25'))
export const sftpNames: RemoteNames = {
  toName,
  toSegment(name) {
    const segment = name.replace(/%(5c|25)/g, (_, hex: string) => (hex === '5c' ? '\\' : '%'))
    return toName(segment) === name ? segment : null
  },
}

type FileSystem = { f_bavail: number; f_frsize: number; f_favail: number; f_flag: number }
const READ_ONLY = 1

/** Runs `run` over the pieces of `length` bytes, a few at once, until all are done or one fails. */
async function inPieces(length: number, run: (offset: number, length: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < length) {
      const offset = next
      next += PIECE
      await run(offset, Math.min(PIECE, length - offset))
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(IN_FLIGHT, Math.ceil(length / PIECE)) }, lane))
  const failed = lanes.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/** Buffers of one piece that are not in use, of all files of a target. */
type Spare = Buffer[]

/**
 * Reads into memory of its own and copies: an answer that comes after an abort must not touch what the caller has got back. For the
 * same reason a buffer is used again only once its answer is there.
 */
async function readPiece({ session, handle }: Opened, at: Piece, options?: CallOptions): Promise<number> {
  const { into, offset, spare } = at
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE)
  let got = 0
  while (got < into.length) {
    const count = await ask<number>(session, options, (done) =>
      session.sftp.read(handle, buffer, got, into.length - got, offset + got, done),
    )
    if (count === 0) break
    got += count
  }
  into.set(buffer.subarray(0, got))
  if (spare.length < MOST_SPARE) spare.push(buffer)
  return got
}
type Piece = { readonly into: Uint8Array; readonly offset: number; readonly spare: Spare }

type Explain = (error: unknown, operation: string, bytes: number) => Promise<unknown>

function toRemoteFile(opened: Opened, { explain, spare }: { explain: Explain; spare: Spare }): RemoteFile {
  const { session, handle, attributes } = opened
  const call = async <T>(operation: string, bytes: number, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw await explain(error, operation, bytes)
    }
  }
  let { size } = attributes
  return {
    get size() {
      return size
    },
    modifiedAt: attributes.mtime * 1000,
    identity: async () => null,
    read: (into, offset, options) =>
      call('Reading', 0, async () => {
        let end = into.length
        await inPieces(into.length, async (at, length) => {
          const got = await readPiece(opened, { into: into.subarray(at, at + length), offset: offset + at, spare }, options)
          if (got < length) end = Math.min(end, at + got)
        })
        return end
      }),
    write: (bytes, offset, options) =>
      call('Writing', bytes.length, async () => {
        const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        await inPieces(buffer.length, async (at, length) => {
          await ask(session, options, (done) => session.sftp.write(handle, buffer, at, length, offset + at, done))
        })
      }),
    truncate: (to, options) =>
      call('Setting the size', 0, async () => {
        await ask(session, options, (done) => session.sftp.fsetstat(handle, { size: to } as never, done))
        size = to
      }),
    flush: (options) =>
      call('Flushing', 0, async () => {
        await extended(session, options, (sftp, done) => sftp.ext_openssh_fsync(handle, done))
      }),
    async [Symbol.asyncDispose]() {
      // Requests of a session are done in turn, so nobody has to wait for this one.
      if (!session.closed) session.sftp.close(handle, () => {})
    },
  }
}

/** The files of an SFTP server below `root`, which exists already. */
export function sftpFiles(link: SftpLink, root: string): RemoteFiles {
  const full = (path: string): string => (path === '' ? root : root === '/' ? `/${path}` : `${root}/${path}`)
  const statvfs = (session: SftpSession, options?: CallOptions): Promise<{ value: FileSystem } | null> =>
    extended<FileSystem>(session, options, (sftp, done) => sftp.ext_openssh_statvfs(root, done)).catch(() => null)

  const spare: Spare = []
  /** Status 4 hides a full or read-only disk: the file system itself is asked. */
  const explain = async (error: unknown, operation: string, bytes: number): Promise<unknown> => {
    if (statusOf(error) !== SftpStatus.failure) return toSftpError(error, operation)
    const found = await statvfs(await link.session())
    const options = { cause: error }
    if (found && found.value.f_flag & READ_ONLY)
      return new StorageError('denied', `${operation}: the folder lies on a read-only file system`, options)
    const isFull = found && (found.value.f_bavail * found.value.f_frsize < Math.max(bytes, 4096) || found.value.f_favail === 0)
    return isFull ? new StorageError('full', `${operation}: the disk of the server is full`, options) : toSftpError(error, operation)
  }
  const call = async <T>(operation: string, work: (session: SftpSession) => Promise<T>): Promise<T> => {
    try {
      return await work(await link.session())
    } catch (error) {
      throw await explain(error, operation, 0)
    }
  }
  const lstat = async (session: SftpSession, path: string, options?: CallOptions): Promise<Attributes | null> => {
    try {
      return await ask<Attributes>(session, options, (done) => session.sftp.lstat(full(path), done))
    } catch (error) {
      if (statusOf(error) === SftpStatus.noSuchFile) return null
      throw error
    }
  }
  /** An unmounted disk must not look like an empty folder. */
  const requireRoot = async (session: SftpSession): Promise<void> => {
    const found = await ask<Attributes>(session, undefined, (done) => session.sftp.stat(root, done)).catch((error: unknown) => {
      if (statusOf(error) === SftpStatus.noSuchFile) return null
      throw error
    })
    if (!found || !isFolder(found)) {
      throw new StorageError('unavailable', 'The folder of the target is missing on the server', {
        remedy: 'Make the folder, or correct the path.',
      })
    }
  }

  return {
    kind: 'sftp',
    names: sftpNames,
    stat: (path, options) =>
      call('Looking up', async (session) => {
        const found = await lstat(session, path, options)
        if (!found) await requireRoot(session)
        return found && (isFile(found) || isFolder(found)) ? toStat(found) : null
      }),
    list: (path, options) => listFolder(link, { folder: full(path), isRoot: path === '' }, options),
    makeFolder: (path, options) =>
      call('Making a folder', async (session) => {
        try {
          await ask(session, options, (done) => session.sftp.mkdir(full(path), { mode: 0o700 } as never, done))
          return true
        } catch (error) {
          if (statusOf(error) === SftpStatus.noSuchFile && !path.includes('/')) await requireRoot(session)
          if (statusOf(error) === SftpStatus.failure && (await lstat(session, path))) return false
          throw error
        }
      }),
    removeFolder: (path, options) =>
      call('Removing a folder', async (session) => {
        try {
          await ask(session, options, (done) => session.sftp.rmdir(full(path), done))
          return true
        } catch (error) {
          const status = statusOf(error)
          if (status === SftpStatus.noSuchFile) return true
          if (status === SftpStatus.failure || status === SftpStatus.denied) return false
          throw error
        }
      }),
    removeFile: (path, options) =>
      call('Deleting', async (session) => {
        try {
          await ask(session, options, (done) => session.sftp.unlink(full(path), done))
        } catch (error) {
          if (statusOf(error) !== SftpStatus.noSuchFile) throw error
          await requireRoot(session)
        }
      }),
    rename: (from, to, options) => call('Renaming', (session) => renameFile(session, { from: full(from), to: full(to) }, options)),
    open: (path, mode, options) =>
      call('Opening', async (session) => {
        const opened = await openFile(session, full(path), mode, options).catch(async (error: unknown) => {
          if (error instanceof StorageError && error.fault === 'not-found' && mode !== 'create') await requireRoot(session)
          throw error
        })
        return toRemoteFile(opened, { explain, spare })
      }),
    free: (options) =>
      call('Asking for free space', async (session) => {
        const found = await statvfs(session, options)
        return found && found.value.f_bavail * found.value.f_frsize
      }),
    [Symbol.asyncDispose]: () => link.close(),
  }
}
