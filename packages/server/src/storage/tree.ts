import type { Clock } from '../core/clock.ts'
import { checkKey, MAX_SEGMENT_BYTES, RESERVED_PREFIX } from './key.ts'
import { createOpenFiles, createUnsharedFiles, type OpenFiles } from './open-files.ts'
import { checkPart, checkRange, checkReceipts, checkSize } from './receipts.ts'
import type { RemoteFile, RemoteFiles, RemoteStat } from './remote-files.ts'
import { type CallOptions, type ObjectStat, type PartReceipt, StorageError, type StorageTarget, type WriteId } from './target.ts'
import {
  isFileOfWrite,
  newWriteFolder,
  noSuchWrite,
  parseTreeWriteId,
  type TreeWrite,
  toTreeReceipt,
  toTreeWriteId,
  writeFolderStart,
} from './tree-writes.ts'

export type TreeOptions = {
  readonly files: RemoteFiles
  readonly clock: Clock
  /** Whether each call opens its file anew; else open files are kept for a moment. */
  readonly openAnew?: boolean
}

type Tree = { readonly files: RemoteFiles; readonly clock: Clock; readonly reads: OpenFiles; readonly writes: OpenFiles }

/** Where an object lies on the server. */
type Place = { readonly folder: string; readonly name: string; readonly path: string }

const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

function placeOf({ files }: Tree, key: string): Place {
  checkKey(key)
  const names = key.split('/').map((segment) => files.names.toName(segment))
  if (names.some((name) => Buffer.byteLength(name) > MAX_SEGMENT_BYTES)) {
    throw new StorageError('bad-key', 'The key cannot be stored: a segment is too long once mapped to a name of the server')
  }
  const name = names.pop() ?? ''
  const folder = names.join('/')
  return { folder, name, path: join(folder, name) }
}

const toStat = (key: string, stat: Pick<RemoteStat, 'size' | 'modifiedAt'>): ObjectStat => ({
  key,
  size: stat.size,
  modifiedAt: stat.modifiedAt,
  etag: `${stat.modifiedAt.toString(36)}-${stat.size.toString(36)}`,
})

const isFault = (error: unknown, ...faults: string[]): boolean => error instanceof StorageError && faults.includes(error.fault)

async function makeFolders({ files }: Tree, folder: string, options?: CallOptions): Promise<void> {
  if (folder === '') return
  try {
    if (!(await files.makeFolder(folder, options)) && !(await files.stat(folder, options))?.isFolder) {
      throw new StorageError('bad-key', 'The key cannot be stored: a part of it is the name of an object')
    }
  } catch (error) {
    if (!isFault(error, 'not-found')) throw error
    await makeFolders({ files } as Tree, folder.split('/').slice(0, -1).join('/'), options)
    await files.makeFolder(folder, options)
  }
}

const MOST_RACES = 64

/** Runs `work`, which makes an entry in `folder`, with the folder there: a delete may be tidying it away at the same time. */
async function withFolder<T>(tree: Tree, folder: string, work: () => Promise<T>): Promise<T> {
  for (let race = 1; ; race += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isFault(error, 'not-found') || race === MOST_RACES) throw error
      await makeFolders(tree, folder)
    }
  }
}

async function removeEmptyFolders({ files }: Tree, folder: string): Promise<void> {
  for (let current = folder; current !== ''; current = current.split('/').slice(0, -1).join('/')) {
    if (!(await files.removeFolder(current).catch(() => false))) return
  }
}

type Unfinished = { readonly folder: string; readonly path: string; readonly file: RemoteFile }

async function createUnfinished(tree: Tree, place: Place, options?: CallOptions): Promise<Unfinished> {
  const folder = join(place.folder, newWriteFolder(tree.clock.now()))
  await withFolder(tree, place.folder, () => tree.files.makeFolder(folder, options))
  const path = join(folder, place.name)
  try {
    return { folder, path, file: await tree.files.open(path, 'create', options) }
  } catch (error) {
    await discard(tree, { folder, path }, place)
    throw error
  }
}

async function discard(tree: Tree, unfinished: Pick<Unfinished, 'folder' | 'path'>, place: Place): Promise<void> {
  await tree.files.removeFile(unfinished.path)
  await tree.files.removeFolder(unfinished.folder)
  await removeEmptyFolders(tree, place.folder)
}

/** Moves a finished file to its place over what is there; an empty folder in its way goes. */
async function moveInto(tree: Tree, from: string, place: Place): Promise<void> {
  await tree.reads.release(place.path)
  if ((await tree.files.stat(place.path))?.isFolder && !(await tree.files.removeFolder(place.path))) {
    throw new StorageError('bad-key', 'The key cannot be stored: other objects lie below it')
  }
  await tree.files.rename(from, place.path, { replace: true })
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

async function findStat(tree: Tree, key: string, options?: CallOptions): Promise<ObjectStat | null> {
  const found = await tree.files.stat(placeOf(tree, key).path, options)
  return found && !found.isFolder ? toStat(key, found) : null
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

async function commitWrite(tree: Tree, key: string, id: WriteId, receipts: readonly PartReceipt[]): Promise<ObjectStat> {
  const { place, write, folder, path } = locate(tree, key, id)
  if (await tree.files.stat(path)) {
    await withWrite(tree, path, async (file) => {
      checkReceipts(receipts, file.size)
      await file.flush()
    })
    await tree.writes.release(path)
    await moveInto(tree, path, place)
  } else if (!(await isOwnObject(tree, place, { write, receipts }))) {
    throw noSuchWrite()
  }
  await tree.files.removeFolder(folder)
  return getStat(tree, key)
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

type Found = { readonly object: ObjectStat } | { readonly writeFolder: string; readonly keyPrefix: string; readonly startedAt: number }

/** Walks what may lie below `prefix`, depth first; memory grows with depth alone. */
async function* walk(tree: Tree, prefix: string, options?: CallOptions): AsyncGenerator<Found> {
  const parents = prefix.split('/').slice(0, -1)
  if (parents.some((segment) => segment === '' || segment === '.' || segment === '..' || segment.includes('\0'))) return
  let folder = ''
  try {
    for (const segment of parents) folder = join(folder, tree.files.names.toName(segment))
  } catch (error) {
    if (isFault(error, 'bad-key')) return
    throw error
  }
  yield* walkFolder(tree, { folder, keyPrefix: parents.map((segment) => `${segment}/`).join(''), prefix, options })
}

type Walked = { folder: string; keyPrefix: string; prefix: string; options: CallOptions | undefined }

async function* walkFolder(tree: Tree, at: Walked): AsyncGenerator<Found> {
  for await (const row of tree.files.list(at.folder, at.options)) {
    const path = join(at.folder, row.name)
    const startedAt = row.isFolder ? writeFolderStart(row.name) : null
    if (startedAt !== null) {
      yield { writeFolder: path, keyPrefix: at.keyPrefix, startedAt }
      continue
    }
    const segment = row.name.startsWith(RESERVED_PREFIX) ? null : tree.files.names.toSegment(row.name)
    if (segment === null) continue
    const key = at.keyPrefix + segment
    if (!row.isFolder && key.startsWith(at.prefix)) yield { object: toStat(key, row) }
    if (row.isFolder && (`${key}/`.startsWith(at.prefix) || at.prefix.startsWith(`${key}/`))) {
      yield* walkFolder(tree, { ...at, folder: path, keyPrefix: `${key}/` })
    }
  }
}

async function* objects(tree: Tree, prefix: string, options?: CallOptions): AsyncGenerator<ObjectStat> {
  for await (const found of walk(tree, prefix, options)) if ('object' in found) yield found.object
}

/** The id of an unfinished write; null where it ended meanwhile. The file is closed again before a caller could abort the write. */
async function findWriteId(tree: Tree, folder: string, name: string): Promise<WriteId | null> {
  try {
    await using file = await tree.files.open(join(folder, name), 'read')
    return toTreeWriteId(folder.slice(folder.lastIndexOf('/') + 1), await file.identity())
  } catch (error) {
    if (isFault(error, 'not-found')) return null
    throw error
  }
}

async function* listWrites(
  tree: Tree,
  prefix: string,
  olderThan: number,
): AsyncGenerator<{ key: string; write: WriteId; startedAt: number }> {
  for await (const found of walk(tree, prefix)) {
    if (!('writeFolder' in found) || found.startedAt >= olderThan) continue
    let key: string | null = null
    for await (const row of tree.files.list(found.writeFolder)) {
      const segment = tree.files.names.toSegment(row.name)
      if (segment === null || row.isFolder) continue
      key = found.keyPrefix + segment
      if (!key.startsWith(prefix)) continue
      const write = await findWriteId(tree, found.writeFolder, row.name)
      if (write !== null) yield { key, write, startedAt: found.startedAt }
    }
    if (key === null) await tree.files.removeFolder(found.writeFolder)
  }
}

const openFilesOf = (
  { files, openAnew }: TreeOptions,
  mode: 'read' | 'write',
  kept: { limit: number; idleMilliseconds: number },
): OpenFiles => {
  const open = (path: string): Promise<RemoteFile> => files.open(path, mode)
  return openAnew ? createUnsharedFiles(open) : createOpenFiles({ open, ...kept })
}

/** Settles as `work`, or with the signal's reason once it fires: a server that hangs holds up no caller who has gone. */
function endingWith<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
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
  const call = async <T>(callOptions: CallOptions | undefined, work: () => Promise<T>): Promise<T> => {
    callOptions?.signal?.throwIfAborted()
    if (closed) throw closedError()
    return endingWith(callOptions?.signal, work())
  }
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
    delete: (key, o) => call(o, () => remove(tree, key, o)),
    beginWrite: (key, size, o) => call(o, () => beginWrite(tree, key, size, o)),
    writePart: (key, id, part, o) =>
      call(o, async () => {
        const { path, write } = locate(tree, key, id)
        await withWrite(tree, path, async (file) => {
          checkPart(part, file.size)
          await file.write(part.bytes, part.offset, o)
        })
        return toTreeReceipt(part, write)
      }),
    flushWrite: (key, id, o) => call(o, () => withWrite(tree, locate(tree, key, id).path, (file) => file.flush(o))),
    commitWrite: (key, id, receipts, o) => call(o, () => commitWrite(tree, key, id, receipts)),
    abortWrite: (key, id, o) => call(o, () => abortWrite(tree, key, id)),
    listWrites: (prefix, olderThan, o) => iterate(o, listWrites(tree, prefix, olderThan)),
    presign: null,
    serverCopy: null,
    lock: null,
    space: { free: (o) => call(o, () => files.free(o)) },
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
