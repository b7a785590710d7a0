import { checkKey, isKeyPrefix, keyFault, RESERVED_PREFIX } from './key.ts'
import type { CallOptions, FolderEntry, ObjectStat, WriteId } from './target.ts'
import { isFault, join, makeFolders, type Tree, toStat } from './tree-places.ts'
import { toTreeWriteId, writeFolderStart } from './tree-writes.ts'

type Found = { readonly object: ObjectStat } | { readonly writeFolder: string; readonly keyPrefix: string; readonly startedAt: number }

/** Walks what may lie below `prefix`, depth first; memory grows with depth alone. */
async function* walk(tree: Tree, prefix: string, options?: CallOptions): AsyncGenerator<Found> {
  const folder = findFolder(tree, prefix)
  if (folder) yield* walkFolder(tree, { ...folder, prefix, options })
}

/** The deepest folder that all keys with `prefix` lie in; null where no key can have it. */
function findFolder(tree: Tree, prefix: string): { folder: string; keyPrefix: string } | null {
  const parents = prefix.split('/').slice(0, -1)
  if (!isKeyPrefix(prefix)) return null
  let folder = ''
  try {
    for (const segment of parents) folder = join(folder, tree.files.names.toName(segment))
  } catch (error) {
    if (isFault(error, 'bad-key')) return null
    throw error
  }
  return { folder, keyPrefix: parents.map((segment) => `${segment}/`).join('') }
}

/** What lies directly in a folder. */
export async function* entriesOfFolder(tree: Tree, prefix: string, options?: CallOptions): AsyncGenerator<FolderEntry> {
  const at = findFolder(tree, prefix)
  if (!at) return
  for await (const row of tree.files.list(at.folder, options)) {
    if (row.isFolder && row.name.startsWith(RESERVED_PREFIX)) continue
    const segment = row.name.startsWith(RESERVED_PREFIX) ? null : tree.files.names.toSegment(row.name)
    const key = segment === null || keyFault(at.keyPrefix + segment) !== null ? null : at.keyPrefix + segment
    if (row.isFolder) yield { kind: 'folder', name: segment ?? row.name }
    else if (key === null) yield { kind: 'foreign', name: row.name }
    else yield { kind: 'object', object: toStat(key, row) }
  }
}

export async function makeFolder(tree: Tree, prefix: string, options?: CallOptions): Promise<void> {
  checkKey(prefix.replace(/\/$/, ''))
  const at = findFolder(tree, prefix)
  if (at) await makeFolders(tree, at.folder, options)
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

export async function* objects(tree: Tree, prefix: string, options?: CallOptions): AsyncGenerator<ObjectStat> {
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

export async function* listWrites(
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
