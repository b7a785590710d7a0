import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CommandFailure } from './failure.ts'

/** Where fetched bytes go. */
export interface Output {
  write(bytes: Uint8Array): Promise<void>
  /** Everything is there: makes it durable and gives the file its name, replacing what had it. */
  commit(): Promise<void>
  /** Takes away what was not committed; does nothing after a commit. */
  discard(): Promise<void>
}

/** `-` and devices or pipes are written as bytes come; a file appears whole or not at all. @throws where the folder can't be written. */
export async function openOutput(path: string): Promise<Output> {
  if (path === '-') return streamOutput()
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (there?.isDirectory()) throw new CommandFailure(`${path}: it is a folder; give the name of a file`)
  if (there !== null && !there.isFile()) return deviceOutput(path)
  return fileOutput(there === null ? path : await realpath(path))
}

async function fileOutput(path: string): Promise<Output> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.part`)
  const file: FileHandle = await open(temporary, 'wx', 0o600)
  const existing = await stat(path).catch(() => null)
  let open_ = true
  const removeOnSignal = () => void rm(temporary, { force: true }).finally(() => process.exit(130))
  process.once('SIGINT', removeOnSignal).once('SIGTERM', removeOnSignal)
  const close = async () => {
    process.off('SIGINT', removeOnSignal).off('SIGTERM', removeOnSignal)
    open_ = false
    await file.close()
  }
  return {
    write: (bytes) => writeAll(file, bytes),
    async commit() {
      await file.chmod(existing === null ? 0o666 & ~process.umask() : existing.mode & 0o777)
      await file.sync()
      await rename(temporary, path)
      await close()
      await syncFolder(dirname(path))
    },
    async discard() {
      if (!open_) return
      await close()
      await rm(temporary, { force: true })
    },
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function deviceOutput(path: string): Promise<Output> {
  const file = await open(path, 'w')
  return { write: (bytes) => writeAll(file, bytes), commit: async () => {}, discard: () => file.close() }
}

function streamOutput(): Output {
  return {
    async write(bytes) {
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
    },
    commit: async () => {},
    discard: async () => {},
  }
}
