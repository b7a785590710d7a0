import type { Attributes, FileEntry, SFTPWrapper } from 'ssh2'
import type { RemoteFiles, RemoteStat } from './remote-files.ts'
import { SftpStatus, statusOf, toSftpError } from './sftp-errors.ts'
import { ask, type SftpLink, type SftpSession } from './sftp-link.ts'
import { type CallOptions, StorageError } from './target.ts'

// What POSIX says of the kind of a file is in the top bits of its mode (draft-ietf-secsh-filexfer-02 §5, permissions).
const KIND = 0o170000
export const isFolder = ({ mode }: Attributes): boolean => (mode & KIND) === 0o040000
export const isFile = ({ mode }: Attributes): boolean => (mode & KIND) === 0o100000 || (mode & KIND) === 0
export const toStat = (attributes: Attributes): RemoteStat => ({
  size: attributes.size,
  modifiedAt: attributes.mtime * 1000,
  isFolder: isFolder(attributes),
})

type Extended = { [name in 'ext_openssh_fsync' | 'ext_openssh_rename' | 'ext_openssh_statvfs']: (...args: unknown[]) => void }

/** Whether the server has an extension: ssh2 throws at once where it was not announced. */
export async function extended<T>(
  session: SftpSession,
  options: CallOptions | undefined,
  start: (sftp: Extended, done: (error?: Error | null, value?: T) => void) => void,
): Promise<{ value: T } | null> {
  try {
    return { value: await ask<T>(session, options, (done) => start(session.sftp as unknown as Extended, done)) }
  } catch (error) {
    if (error instanceof Error && /does not support this extended request/.test(error.message)) return null
    throw error
  }
}

export type Opened = { readonly session: SftpSession; readonly handle: Buffer; readonly attributes: Attributes }

const flags = { read: 'r', write: 'r+', create: 'wx+' } as const

/** A handle that comes after its caller has gone is closed again. */
function openHandle(session: SftpSession, path: string, mode: keyof typeof flags, options?: CallOptions): Promise<Buffer> {
  let gone = false
  const opening = ask<Buffer>(session, options, (done) =>
    session.sftp.open(path, flags[mode] as 'r', { mode: 0o600 }, (error, handle) => {
      if (gone && handle) session.sftp.close(handle, () => {})
      else done(error, handle)
    }),
  )
  opening.catch(() => {
    gone = true
  })
  return opening
}

const CREATED = { size: 0, mtime: 0 } as Attributes

/** Links and special files count as nothing, also where the server would follow a link to a file. */
export async function openFile(session: SftpSession, path: string, mode: keyof typeof flags, options?: CallOptions): Promise<Opened> {
  // Asked in one go: a session answers in turn, so both see the same file but for a replacement in that very moment.
  const opening = openHandle(session, path, mode, options)
  const looking = mode === 'create' ? CREATED : ask<Attributes>(session, options, (done) => session.sftp.lstat(path, done))
  const [opened, looked] = await Promise.allSettled([opening, looking])
  if (opened.status === 'rejected') {
    if (mode === 'create' && statusOf(opened.reason) === SftpStatus.failure && (await exists(session, path))) {
      throw new StorageError('exists', 'There is a file of this name')
    }
    throw toSftpErrorUnlessFailure(opened.reason)
  }
  if (looked.status === 'fulfilled' && (mode === 'create' || isFile(looked.value))) {
    return { session, handle: opened.value, attributes: looked.value }
  }
  session.sftp.close(opened.value, () => {})
  if (looked.status === 'rejected') throw toSftpErrorUnlessFailure(looked.reason)
  throw new StorageError('not-found', 'There is no such object')
}

/** Status 4 goes up as it is, to be explained there. */
const toSftpErrorUnlessFailure = (error: unknown): unknown =>
  statusOf(error) === SftpStatus.failure ? error : toSftpError(error, 'Opening')

export const exists = (session: SftpSession, path: string): Promise<boolean> =>
  ask<Attributes>(session, undefined, (done) => session.sftp.lstat(path, done)).then(
    () => true,
    () => false,
  )

/** The plain rename of SFTP 3 replaces nothing; the one that does is an extension of OpenSSH. */
export async function renameFile(
  session: SftpSession,
  paths: { from: string; to: string },
  options: CallOptions & { replace: boolean },
): Promise<void> {
  const { from, to } = paths
  if (options.replace) {
    if (await extended(session, options, (sftp, done) => sftp.ext_openssh_rename(from, to, done))) return
    if (await exists(session, to)) {
      throw new StorageError('denied', 'The server cannot replace a file at once: it lacks posix-rename@openssh.com')
    }
  }
  try {
    await ask(session, options, (done) => session.sftp.rename(from, to, done))
  } catch (error) {
    if (statusOf(error) === SftpStatus.failure && (await exists(session, to)))
      throw new StorageError('exists', 'There is a file of this name')
    throw error
  }
}

export async function* listFolder(
  link: SftpLink,
  at: { folder: string; isRoot: boolean },
  options?: CallOptions,
): ReturnType<RemoteFiles['list']> {
  const session = await link.session()
  const { sftp }: { sftp: SFTPWrapper } = session
  let handle: Buffer | undefined
  try {
    handle = await ask<Buffer>(session, options, (done) => sftp.opendir(at.folder, done))
    for (;;) {
      const rows = await ask<FileEntry[]>(session, options, (done) =>
        (sftp as unknown as { readdir(at: Buffer, done: (error?: Error | null, rows?: FileEntry[]) => void): void }).readdir(
          handle as Buffer,
          done,
        ),
      )
      for (const { filename, attrs } of rows) {
        if (filename === '.' || filename === '..' || !(isFile(attrs) || isFolder(attrs))) continue
        yield { name: filename, ...toStat(attrs) }
      }
    }
  } catch (error) {
    const status = statusOf(error)
    if (status === SftpStatus.eof) return
    if (status === SftpStatus.noSuchFile && !at.isRoot) return
    if (status === SftpStatus.failure && !(await exists(session, at.folder))) return
    throw status === SftpStatus.noSuchFile
      ? new StorageError('unavailable', 'The folder of the target is missing on the server')
      : toSftpError(error, 'Listing')
  } finally {
    if (handle && !session.closed) sftp.close(handle, () => {})
  }
}
