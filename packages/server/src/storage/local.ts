import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, realpath, rename, rmdir, statfs, unlink } from 'node:fs/promises'
import type { Clock } from '../core/clock.ts'
import { codeOf, toStorageError, unless } from './local-errors.ts'
import {
  createLayout,
  ignoresCase,
  isPlainDirectory,
  type Layout,
  type Place,
  removeEmptyDirectories,
  requireRoot,
  syncDirectory,
} from './local-layout.ts'
import { nameInWriteDirectory, toObjectStat, walk } from './local-walk.ts'
import * as writes from './local-writes.ts'
import { checkPart, checkRange, checkReceipts, checkSize } from './receipts.ts'
import { type CallOptions, type ObjectStat, StorageError, type StorageTarget, type WriteId } from './target.ts'

export type LocalOptions = {
  /** The root, absolute; it exists already (`createLocalRoot` makes one). */
  readonly path: string
  readonly clock: Clock
  /** How keys become file names: as they are, or escaped for file systems that ignore case. Found out where not said. */
  readonly names?: 'exact' | 'escaped'
  /** Files of writes under way that are kept open at once; 64 where not said. */
  readonly openFiles?: number
}

type Local = { readonly layout: Layout; readonly clock: Clock; readonly files: writes.WriteFiles }

/** Bytes per system call: an abort is noticed between two of them. */
const PIECE = 4 * 1024 * 1024

/** Makes the folder of a local target, of mode 0700, with what is missing above it. An existing folder is left as it is. */
export async function createLocalRoot(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

const writePathOf = (place: Place, name: writes.WriteName): { directory: string; path: string } => {
  const directory = `${place.directory}/${name.directoryName}`
  return { directory, path: `${directory}/${place.name}` }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: { offset: number; signal: AbortSignal | undefined }): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    at.signal?.throwIfAborted()
    const { bytesWritten } = await handle.write(bytes, done, Math.min(PIECE, bytes.length - done), at.offset + done)
    done += bytesWritten
  }
}

/** Fills `bytes` from `offset`; false where the file ends before. */
async function readAll(handle: FileHandle, bytes: Uint8Array, at: { offset: number; signal: AbortSignal | undefined }): Promise<boolean> {
  for (let done = 0; done < bytes.length; ) {
    at.signal?.throwIfAborted()
    const { bytesRead } = await handle.read(bytes, done, Math.min(PIECE, bytes.length - done), at.offset + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}

async function findObject(place: Place): Promise<(Omit<ObjectStat, 'key'> & { identity: string }) | null> {
  const stats = await unless(['ENOENT', 'ENOTDIR'], lstat(place.path, { bigint: true }))
  if (!stats?.isFile()) return null
  return { ...toObjectStat('', stats), identity: writes.identityOf(stats) }
}

async function statObject({ layout }: Local, key: string): Promise<ObjectStat | null> {
  const place = layout.place(key)
  const found = (await isPlainDirectory(place.directory)) ? await findObject(place) : null
  if (!found) await requireRoot(layout.root)
  return found && { key, size: found.size, modifiedAt: found.modifiedAt, etag: found.etag }
}

async function getObject(local: Local, key: string): Promise<ObjectStat> {
  const stat = await statObject(local, key)
  if (!stat) throw new StorageError('not-found', 'The object vanished right after it was stored')
  return stat
}

/** Moves a file to its place over what is there; an empty folder in its way goes. */
async function moveInto(from: string, place: Place): Promise<void> {
  try {
    await rename(from, place.path)
  } catch (error) {
    if (codeOf(error) !== 'EISDIR' && codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
    await unless(['ENOENT'], rmdir(place.path))
    await rename(from, place.path)
  }
}

async function put(local: Local, key: string, bytes: Uint8Array, options: CallOptions & { ifAbsent?: boolean } = {}): Promise<ObjectStat> {
  const place = local.layout.place(key)
  const file = await writes.createUnfinished(local.layout.root, place, { now: local.clock.now(), size: 0 })
  try {
    try {
      await writeAll(file.handle, bytes, { offset: 0, signal: options.signal })
      await file.handle.sync()
    } finally {
      await file.handle.close()
    }
    if (options.ifAbsent) await link(file.path, place.path)
    else await moveInto(file.path, place)
    await syncDirectory(place.directory)
    await writes.removeUnfinished(file.directory)
  } catch (error) {
    await writes.removeUnfinished(file.directory)
    await removeEmptyDirectories(local.layout.root, place.directory)
    throw error
  }
  return getObject(local, key)
}

async function read(
  local: Local,
  key: string,
  range: { offset: number; bytes: Uint8Array; signal: AbortSignal | undefined },
): Promise<void> {
  const { layout } = local
  const place = layout.place(key)
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const plain = await isPlainDirectory(place.directory)
  const handle = plain ? await unless(['ENOENT', 'ENOTDIR', 'ELOOP'], open(place.path, flags)) : null
  if (!handle) {
    await requireRoot(layout.root)
    throw new StorageError('not-found', 'There is no such object')
  }
  try {
    if (range.bytes.length > 0 && (await readAll(handle, range.bytes, range))) return
    const stats = await handle.stat()
    if (!stats.isFile()) throw new StorageError('not-found', 'There is no such object')
    if (range.offset + range.bytes.length > stats.size) {
      throw new StorageError('out-of-range', `${range.offset}+${range.bytes.length} of ${stats.size} bytes`)
    }
  } catch (error) {
    if (codeOf(error) === 'EISDIR') throw new StorageError('not-found', 'There is no such object')
    throw error
  } finally {
    await handle.close()
  }
}

async function remove({ layout }: Local, key: string): Promise<void> {
  const place = layout.place(key)
  if (!(await isPlainDirectory(place.directory))) return requireRoot(layout.root)
  if ((await unless(['ENOENT', 'ENOTDIR'], lstat(place.path)))?.isDirectory()) return
  await unless(['ENOENT', 'ENOTDIR'], unlink(place.path))
  await unless(['ENOENT', 'ENOTDIR'], syncDirectory(place.directory))
  await removeEmptyDirectories(layout.root, place.directory)
}

async function beginWrite({ layout, clock, files }: Local, key: string, size: number): Promise<WriteId> {
  const place = layout.place(key)
  checkSize(size)
  const file = await writes.createUnfinished(layout.root, place, { now: clock.now(), size })
  try {
    await writes.syncUnfinished(file, place.directory)
    const id = writes.toWriteId(file.directory.slice(place.directory.length + 1), await file.handle.stat({ bigint: true }))
    await files.adopt(file.path, file.handle)
    return id
  } catch (error) {
    await file.handle.close()
    await writes.removeUnfinished(file.directory)
    await removeEmptyDirectories(layout.root, place.directory)
    throw error
  }
}

/**
 * After a failed flush the kernel forgets what it could not write, and the next flush succeeds without it. So the write ends here:
 * whoever tries again finds no such write and starts anew, instead of acknowledging bytes that are lost.
 */
async function flush(handle: FileHandle, directory: string): Promise<void> {
  try {
    await handle.datasync()
  } catch (error) {
    await writes.removeUnfinished(directory)
    throw error
  }
}

const locate = ({ layout }: Local, key: string, id: WriteId): { place: Place; name: writes.WriteName; directory: string; path: string } => {
  const place = layout.place(key)
  const name = writes.parseWriteId(id)
  if (!name) throw writes.writeGone()
  return { place, name, ...writePathOf(place, name) }
}

async function commitWrite(
  local: Local,
  key: string,
  id: WriteId,
  receipts: Parameters<StorageTarget['commitWrite']>[2],
): Promise<ObjectStat> {
  const { place, name, directory, path } = locate(local, key, id)
  if (!(await isPlainDirectory(directory)) || !(await unless(['ENOENT'], lstat(path)))) {
    if ((await findObject(place))?.identity !== name.identity) throw writes.writeGone()
  } else {
    await local.files.use(path, async ({ handle, size }) => {
      checkReceipts(receipts, size)
      await flush(handle, directory)
    })
    await local.files.release(path)
    await moveInto(path, place)
  }
  await syncDirectory(place.directory)
  await writes.removeEmptied(directory)
  return getObject(local, key)
}

async function abortWrite(local: Local, key: string, id: WriteId): Promise<void> {
  const place = local.layout.place(key)
  const name = writes.parseWriteId(id)
  if (!name || !(await isPlainDirectory(place.directory))) return
  const { directory, path } = writePathOf(place, name)
  await local.files.release(path)
  await writes.removeUnfinished(directory)
  await removeEmptyDirectories(local.layout.root, place.directory)
}

async function* listWrites(
  { layout }: Local,
  prefix: string,
  olderThan: number,
): AsyncGenerator<{ key: string; write: WriteId; startedAt: number }> {
  for await (const found of walk(layout, prefix)) {
    if (!('writeDirectory' in found)) continue
    const startedAt = writes.startedAtOf(found.name)
    if (startedAt === null || startedAt >= olderThan) continue
    const name = await nameInWriteDirectory(found.writeDirectory, true)
    const segment = name === null ? null : layout.nameToSegment(name)
    if (segment === null) continue
    const stats = await unless(['ENOENT'], lstat(`${found.writeDirectory}/${name}`, { bigint: true }))
    const key = found.keyPrefix + segment
    if (stats && key.startsWith(prefix)) yield { key, write: writes.toWriteId(found.name, stats), startedAt }
  }
}

/**
 * A target in a folder of this machine. Objects are files of mode 0600 below the root at the path that their key spells; folders
 * are made as needed and go when they are empty. Symbolic links below the root are neither followed nor listed. Any number of
 * processes may use the folder at once. Writes are temp file → fsync → rename → fsync of the folder (X4).
 *
 * Rejects with 'not-found' where there is no such folder and 'denied' where it cannot be entered.
 */
export async function openLocalTarget(options: LocalOptions): Promise<StorageTarget> {
  try {
    const root = await realpath(options.path)
    const escaped = options.names ? options.names === 'escaped' : await ignoresCase(root, randomBytes(6).toString('hex'))
    await requireRoot(root)
    return targetOver({
      layout: createLayout(root, escaped),
      clock: options.clock,
      files: writes.createWriteFiles(options.openFiles ?? 64),
    })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new StorageError('not-found', 'The folder of the target does not exist', { cause: error })
    throw toStorageError(error, 'Opening the folder')
  }
}

function targetOver(local: Local): StorageTarget {
  const { layout, files } = local
  let closed = false
  const enter = (options?: CallOptions): void => {
    if (closed) throw new StorageError('closed', 'The target is closed')
    options?.signal?.throwIfAborted()
  }
  const call = async <T>(operation: string, options: CallOptions | undefined, work: () => Promise<T>): Promise<T> => {
    enter(options)
    try {
      return await work()
    } catch (error) {
      throw toStorageError(error, operation)
    }
  }
  const iterate = async function* <T>(items: AsyncIterable<T>, options?: CallOptions): AsyncGenerator<T> {
    enter(options)
    try {
      await requireRoot(layout.root)
      for await (const item of items) {
        enter(options)
        yield item
      }
    } catch (error) {
      throw toStorageError(error, 'Listing')
    }
  }
  const objects = async function* (prefix: string): AsyncGenerator<ObjectStat> {
    for await (const found of walk(layout, prefix)) if ('object' in found) yield found.object
  }

  return {
    kind: 'local',
    put: (key, bytes, options) => call('Storing', options, () => put(local, key, bytes, options)),
    read: (key, offset, length, options) =>
      call('Reading', options, async () => {
        checkRange(offset, length)
        const bytes = options?.into && options.into.length >= length ? options.into.subarray(0, length) : new Uint8Array(length)
        await read(local, key, { offset, bytes, signal: options?.signal })
        return bytes
      }),
    stat: (key, options) => call('Looking up', options, () => statObject(local, key)),
    list: (prefix, options) => iterate(objects(prefix), options),
    delete: (key, options) => call('Deleting', options, () => remove(local, key)),
    beginWrite: (key, size, options) => call('Beginning a write', options, () => beginWrite(local, key, size)),
    writePart: (key, id, part, options) =>
      call('Writing', options, async () => {
        await files.use(locate(local, key, id).path, async ({ handle, size }) => {
          checkPart(part, size)
          await writeAll(handle, part.bytes, { offset: part.offset, signal: options?.signal })
        })
        return { number: part.number, size: part.bytes.length, tag: null }
      }),
    flushWrite: (key, id, options) =>
      call('Flushing', options, () => {
        const { path, directory } = locate(local, key, id)
        return files.use(path, ({ handle }) => flush(handle, directory))
      }),
    commitWrite: (key, id, receipts, options) => call('Committing', options, () => commitWrite(local, key, id, receipts)),
    abortWrite: (key, id, options) => call('Aborting', options, () => abortWrite(local, key, id)),
    listWrites: (prefix, olderThan, options) => iterate(listWrites(local, prefix, olderThan), options),
    presign: null,
    serverCopy: null,
    lock: null,
    space: {
      free: (options) =>
        call('Asking for free space', options, async () => {
          const { bavail, bsize } = await statfs(layout.root)
          return bavail * bsize
        }),
    },
    memory: null,
    async [Symbol.asyncDispose]() {
      closed = true
      await files[Symbol.asyncDispose]()
    },
  }
}
