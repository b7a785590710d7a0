import type { Clock } from '../core/clock.ts'
import { endingWith } from '../core/ending-with.ts'
import { createOpenFiles, createUnsharedFiles, type OpenFiles } from './open-files.ts'
import { checkPart, checkRange, checkReceipts, checkSize } from './receipts.ts'
import type { RemoteFile, RemoteFiles } from './remote-files.ts'
import {
  type CallOptions,
  type CommitOptions,
  type ObjectStat,
  type PartReceipt,
  type StatOptions,
  StorageError,
  type StorageTarget,
  type WriteId,
} from './target.ts'
import {
  createUnfinished,
  discard,
  isFault,
  join,
  moveInto,
  type Place,
  placeOf,
  removeEmptyFolders,
  type Tree,
  toStat,
} from './tree-places.ts'
import { entriesOfFolder, listWrites, makeFolder, objects } from './tree-walk.ts'
import { isFileOfWrite, noSuchWrite, parseTreeWriteId, type TreeWrite, toTreeReceipt, toTreeWriteId } from './tree-writes.ts'
import { createTurns } from './turns.ts'

export type TreeOptions = {
  readonly files: RemoteFiles
  readonly clock: Clock
  /** Whether each call opens its file anew; else open files are kept for a moment. */
  readonly openAnew?: boolean
}

async function put(tree: Tree, key: string, bytes: Uint8Array, options: CallOptions & { ifAbsent?: boolean } = {}): Promise<ObjectStat> {
  const place = placeOf(tree, key)
  const unfinished = await createUnfinished(tree, place, options)
  try {
    try {
      await unfinished.file.write(bytes, 0, options)
      await unfinished.file.flush(options)
    } finally {
      await unfinished.file[Symbol.asyncDispose]()
    }
    if (options.ifAbsent) await tree.files.rename(unfinished.path, place.path, { replace: false })
    else await moveInto(tree, unfinished.path, place)
    await tree.files.removeFolder(unfinished.folder)
  } catch (error) {
    await discard(tree, unfinished, place).catch(() => {})
    throw error
  }
  return getStat(tree, key)
}

async function findStat(tree: Tree, key: string, options?: StatOptions): Promise<ObjectStat | null> {
  const found = await tree.files.stat(placeOf(tree, key).path, options)
  return found && (options?.occupant || !found.isFolder) ? toStat(key, found) : null
}

async function getStat(tree: Tree, key: string): Promise<ObjectStat> {
  const stat = await findStat(tree, key)
  if (!stat) throw new StorageError('not-found', 'The object vanished right after it was stored')
  return stat
}

async function read(
  tree: Tree,
  key: string,
  range: { offset: number; bytes: Uint8Array; options: CallOptions | undefined },
): Promise<void> {
  await tree.reads.use(placeOf(tree, key).path, async (file) => {
    const end = range.offset + range.bytes.length
    if (end > file.size) throw new StorageError('out-of-range', `${range.offset}+${range.bytes.length} of ${file.size} bytes`)
    const got = range.bytes.length === 0 ? 0 : await file.read(range.bytes, range.offset, range.options)
    if (got < range.bytes.length) throw new StorageError('out-of-range', `The object ends at ${range.offset + got}`)
  })
}

async function remove(tree: Tree, key: string, options?: CallOptions): Promise<void> {
  const place = placeOf(tree, key)
  await tree.reads.release(place.path)
  if ((await tree.files.stat(place.path, options))?.isFolder) return
  await tree.files.removeFile(place.path, options)
  await removeEmptyFolders(tree, place.folder)
}

async function beginWrite(tree: Tree, key: string, size: number, options?: CallOptions): Promise<WriteId> {
  const place = placeOf(tree, key)
  checkSize(size)
  const unfinished = await createUnfinished(tree, place, options)
  try {
    await unfinished.file.truncate(size, options)
    await unfinished.file.flush(options)
    const id = toTreeWriteId(unfinished.folder.slice(unfinished.folder.lastIndexOf('/') + 1), await unfinished.file.identity(options))
    await unfinished.file[Symbol.asyncDispose]()
    return id
  } catch (error) {
    await unfinished.file[Symbol.asyncDispose]()
    await discard(tree, unfinished, place).catch(() => {})
    throw error
  }
}

function locate(tree: Tree, key: string, id: WriteId): { place: Place; write: TreeWrite; folder: string; path: string } {
  const place = placeOf(tree, key)
  const write = parseTreeWriteId(id)
  if (!write) throw noSuchWrite()
  const folder = join(place.folder, write.folderName)
  return { place, write, folder, path: join(folder, place.name) }
}

/** Runs `work` on the file of a write; 'not-found' where the write is gone. */
async function withWrite<T>(tree: Tree, path: string, work: (file: RemoteFile) => Promise<T>): Promise<T> {
  try {
    return await tree.writes.use(path, work)
  } catch (error) {
    throw isFault(error, 'not-found') ? noSuchWrite() : error
  }
}

type Commit = { readonly key: string; readonly id: WriteId; readonly ifAbsent: boolean }

async function moveToPlace(tree: Tree, { key, id, ifAbsent }: Commit, receipts: readonly PartReceipt[]): Promise<void> {
  const { place, path } = locate(tree, key, id)
  if (!(await tree.files.stat(path))) throw noSuchWrite()
  await withWrite(tree, path, async (file) => {
    checkReceipts(receipts, file.size)
    await file.flush()
  })
  await tree.writes.release(path)
  if (ifAbsent) await tree.files.rename(path, place.path, { replace: false })
  else await moveInto(tree, path, place)
}

async function commitWrite(tree: Tree, commit: Commit, receipts: readonly PartReceipt[]): Promise<ObjectStat> {
  const { place, write, folder } = locate(tree, commit.key, commit.id)
  try {
    await moveToPlace(tree, commit, receipts)
  } catch (error) {
    // An earlier commit of the same write, or one at the same time here or in another process, may be first at any step.
    const isOvertaken = isFault(error, 'not-found') || isFault(error, 'exists')
    if (!isOvertaken || !(await isOwnObject(tree, place, { write, receipts }))) throw error
  }
  await tree.files.removeFolder(folder)
  return getStat(tree, commit.key)
}

async function isOwnObject(tree: Tree, place: Place, made: { write: TreeWrite; receipts: readonly PartReceipt[] }): Promise<boolean> {
  try {
    await using file = await tree.files.open(place.path, 'read')
    return await isFileOfWrite(file, made.write, made.receipts)
  } catch (error) {
    if (isFault(error, 'not-found')) return false
    throw error
  }
}

async function abortWrite(tree: Tree, key: string, id: WriteId): Promise<void> {
  const place = placeOf(tree, key)
  const write = parseTreeWriteId(id)
  if (!write) return
  const folder = join(place.folder, write.folderName)
  const path = join(folder, place.name)
  await tree.writes.release(path)
  if (await tree.files.stat(folder)) await discard(tree, { folder, path }, place)
}

const openFilesOf = (
  { files, openAnew }: TreeOptions,
  mode: 'read' | 'write',
  kept: { limit: number; idleMilliseconds: number },
): OpenFiles => {
  const open = (path: string): Promise<RemoteFile> => files.open(path, mode)
  return openAnew ? createUnsharedFiles(open) : createOpenFiles({ open, ...kept })
}

type Forsaken = Map<string, Promise<unknown>>

/** Answers `work`; where its caller goes before it has settled, it is in `forsaken` until it has. */
function noteForsaken<T>(
  forsaken: Forsaken,
  { path, work, signal }: { path: string; work: Promise<T>; signal: AbortSignal | undefined },
): Promise<T> {
  const note = (): void => {
    const all = Promise.allSettled([work, forsaken.get(path)]).then(() => {
      if (forsaken.get(path) === all) forsaken.delete(path)
    })
    forsaken.set(path, all)
  }
  signal?.addEventListener('abort', note, { once: true })
  return work.finally(() => signal?.removeEventListener('abort', note))
}

const closedError = (): StorageError => new StorageError('closed', 'The target was closed')

/**
 * A storage target over a file server. An object is one file below the target's folder; an unfinished write lies in a folder of its
 * own beside it and becomes visible by one rename. Disposing the target disposes `files`.
 */
export function openTreeTarget(options: TreeOptions): StorageTarget {
  const { files } = options
  const tree: Tree = {
    ...options,
    reads: openFilesOf(options, 'read', { limit: 16, idleMilliseconds: 1000 }),
    writes: openFilesOf(options, 'write', { limit: 64, idleMilliseconds: 1000 }),
  }
  let closed = false
  const forsaken: Forsaken = new Map()
  const call = async <T>(callOptions: CallOptions | undefined, work: () => Promise<T>): Promise<T> => {
    callOptions?.signal?.throwIfAborted()
    if (closed) throw closedError()
    return endingWith(callOptions?.signal, work())
  }
  // A commit that comes second would touch the time of the object that the first has answered with.
  const inTurn = createTurns()
  const iterate = async function* <T>(callOptions: CallOptions | undefined, items: AsyncIterable<T>): AsyncGenerator<T> {
    await call(callOptions, async () => {})
    for await (const item of items) {
      await call(callOptions, async () => {})
      yield item
    }
  }
  return {
    kind: files.kind,
    put: (key, bytes, o) => call(o, () => put(tree, key, bytes, o)),
    read: (key, offset, length, o) =>
      call(o, async () => {
        checkRange(offset, length)
        const bytes = o?.into && o.into.length >= length ? o.into.subarray(0, length) : new Uint8Array(length)
        await read(tree, key, { offset, bytes, options: o })
        return bytes
      }),
    stat: (key, o) => call(o, () => findStat(tree, key, o)),
    list: (prefix, o) => iterate(o, objects(tree, prefix, o)),
    listFolder: (folder, o) => iterate(o, entriesOfFolder(tree, folder, o)),
    delete: (key, o) => call(o, () => remove(tree, key, o)),
    beginWrite: (key, size, o) => call(o, () => beginWrite(tree, key, size, o)),
    writePart: (key, id, part, o) =>
      call(o, async () => {
        const { path, write } = locate(tree, key, id)
        // A write that was given up may be on its way still, and must not land on this one.
        await forsaken.get(path)
        const work = withWrite(tree, path, async (file) => {
          checkPart(part, file.size)
          await file.write(part.bytes, part.offset, o)
          return toTreeReceipt(part, write, file.size)
        })
        return noteForsaken(forsaken, { path, work, signal: o?.signal })
      }),
    flushWrite: (key, id, o) => call(o, () => withWrite(tree, locate(tree, key, id).path, (file) => file.flush(o))),
    commitWrite: (key, id, receipts, o?: CommitOptions) =>
      call(o, () => inTurn(id, o, () => commitWrite(tree, { key, id, ifAbsent: o?.ifAbsent ?? false }, receipts))),
    abortWrite: (key, id, o) => call(o, () => abortWrite(tree, key, id)),
    listWrites: (prefix, olderThan, o) => iterate(o, listWrites(tree, prefix, olderThan)),
    presign: null,
    serverCopy: null,
    lock: null,
    space: { free: (o) => call(o, () => files.free(o)) },
    folders: { make: (folder, o) => call(o, () => makeFolder(tree, folder, o)) },
    memory: null,
    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      await tree.reads[Symbol.asyncDispose]()
      await tree.writes[Symbol.asyncDispose]()
      await files[Symbol.asyncDispose]()
    },
  }
}
