import type { Clock } from '../core/clock.ts'
import { checkKey, MAX_SEGMENT_BYTES } from './key.ts'
import type { OpenFiles } from './open-files.ts'
import type { RemoteFile, RemoteFiles, RemoteStat } from './remote-files.ts'
import { type CallOptions, type ObjectStat, StorageError } from './target.ts'
import { newWriteFolder } from './tree-writes.ts'

export type Tree = { readonly files: RemoteFiles; readonly clock: Clock; readonly reads: OpenFiles; readonly writes: OpenFiles }

/** Where an object lies on the server. */
export type Place = { readonly folder: string; readonly name: string; readonly path: string }

export const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

export function placeOf({ files }: Tree, key: string): Place {
  checkKey(key)
  const names = key.split('/').map((segment) => files.names.toName(segment))
  if (names.some((name) => Buffer.byteLength(name) > MAX_SEGMENT_BYTES)) {
    throw new StorageError('bad-key', 'The key cannot be stored: a segment is too long once mapped to a name of the server')
  }
  const name = names.pop() ?? ''
  const folder = names.join('/')
  return { folder, name, path: join(folder, name) }
}

export const toStat = (key: string, stat: Pick<RemoteStat, 'size' | 'modifiedAt'>): ObjectStat => ({
  key,
  size: stat.size,
  modifiedAt: stat.modifiedAt,
  etag: `${stat.modifiedAt.toString(36)}-${stat.size.toString(36)}`,
})

export const isFault = (error: unknown, ...faults: string[]): boolean => error instanceof StorageError && faults.includes(error.fault)

export async function makeFolders({ files }: Pick<Tree, 'files'>, folder: string, options?: CallOptions): Promise<void> {
  if (folder === '') return
  try {
    if (!(await files.makeFolder(folder, options)) && !(await files.stat(folder, options))?.isFolder) {
      throw new StorageError('bad-key', 'The key cannot be stored: a part of it is the name of an object')
    }
  } catch (error) {
    if (!isFault(error, 'not-found')) throw error
    await makeFolders({ files }, folder.split('/').slice(0, -1).join('/'), options)
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

export async function removeEmptyFolders({ files }: Tree, folder: string): Promise<void> {
  for (let current = folder; current !== ''; current = current.split('/').slice(0, -1).join('/')) {
    if (!(await files.removeFolder(current).catch(() => false))) return
  }
}

export type Unfinished = { readonly folder: string; readonly path: string; readonly file: RemoteFile }

export async function createUnfinished(tree: Tree, place: Place, options?: CallOptions): Promise<Unfinished> {
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

export async function discard(tree: Tree, unfinished: Pick<Unfinished, 'folder' | 'path'>, place: Place): Promise<void> {
  await tree.files.removeFile(unfinished.path)
  await tree.files.removeFolder(unfinished.folder)
  await removeEmptyFolders(tree, place.folder)
}

/** Moves a finished file to its place over what is there; an empty folder in its way goes. */
export async function moveInto(tree: Tree, from: string, place: Place): Promise<void> {
  await tree.reads.release(place.path)
  if ((await tree.files.stat(place.path))?.isFolder && !(await tree.files.removeFolder(place.path))) {
    throw new StorageError('bad-key', 'The key cannot be stored: other objects lie below it')
  }
  await tree.files.rename(from, place.path, { replace: true })
}
