import type { BigIntStats, Dirent } from 'node:fs'
import { lstat, opendir, rmdir } from 'node:fs/promises'
import { isKeyPrefix, RESERVED_PREFIX } from './key.ts'
import { unless } from './local-errors.ts'
import type { Layout } from './local-layout.ts'
import type { FolderEntry, ObjectStat } from './target.ts'

const BATCH = 64

export const toObjectStat = (key: string, stats: BigIntStats): ObjectStat => ({
  key,
  size: Number(stats.size),
  modifiedAt: Number(stats.mtimeNs / 1_000_000n),
  etag: `${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}`,
})

/** The entries of one directory in batches; nothing where it is gone. */
async function* entriesOf(directory: string): AsyncGenerator<Dirent[]> {
  const opened = await unless(['ENOENT', 'ENOTDIR', 'ELOOP'], opendir(directory, { bufferSize: BATCH }))
  if (!opened) return
  let batch: Dirent[] = []
  for await (const entry of opened) {
    batch.push(entry)
    if (batch.length === BATCH) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** What `walk` finds: files as keys, and the directories in which unfinished writes lie. */
export type Found = { object: ObjectStat } | { writeDirectory: string; keyPrefix: string; name: string }

/**
 * Walks what may lie below `prefix`, depth first; memory grows with depth alone. Symbolic links and special files are passed over.
 * `prefix` is any text: one that no key can begin with finds nothing.
 */
export async function* walk(layout: Layout, prefix: string): AsyncGenerator<Found> {
  const at = await findDirectory(layout, prefix)
  if (at) yield* walkDirectory(layout, { ...at, prefix })
}

/** The deepest directory that all keys with `prefix` lie in; null where there is none, or a link stands in its way. */
async function findDirectory(layout: Layout, prefix: string): Promise<{ directory: string; keyPrefix: string } | null> {
  const parents = prefix.split('/').slice(0, -1)
  if (!isKeyPrefix(prefix)) return null
  for (let i = 0; i < parents.length; i += 1) {
    const at = [layout.root, ...parents.slice(0, i + 1).map(layout.segmentToName)].join('/')
    if (!(await unless(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'], lstat(at)))?.isDirectory()) return null
  }
  const directory = [layout.root, ...parents.map(layout.segmentToName)].join('/')
  return { directory, keyPrefix: parents.map((segment) => `${segment}/`).join('') }
}

/** What lies directly in a folder, without links and special files. */
export async function* entriesOfFolder(layout: Layout, folder: string): AsyncGenerator<FolderEntry> {
  const at = await findDirectory(layout, folder)
  if (!at) return
  for await (const batch of entriesOf(at.directory)) {
    for (const entry of batch) {
      const shown = entry.isFile() || (entry.isDirectory() && !entry.name.startsWith(RESERVED_PREFIX))
      if (!shown) continue
      const name = layout.nameToSegment(entry.name)
      if (name === null || entry.isDirectory()) {
        yield { kind: name === null ? 'foreign' : 'folder', name: name ?? entry.name }
        continue
      }
      const stats = await unless(['ENOENT'], lstat(`${at.directory}/${entry.name}`, { bigint: true }))
      if (stats?.isFile()) yield { kind: 'object', object: toObjectStat(at.keyPrefix + name, stats) }
    }
  }
}

async function* walkDirectory(layout: Layout, at: { directory: string; keyPrefix: string; prefix: string }): AsyncGenerator<Found> {
  for await (const batch of entriesOf(at.directory)) {
    const stats = await Promise.all(
      batch.map((entry) => (entry.isFile() ? unless(['ENOENT'], lstat(`${at.directory}/${entry.name}`, { bigint: true })) : null)),
    )
    for (const [index, entry] of batch.entries()) {
      const path = `${at.directory}/${entry.name}`
      if (entry.isDirectory() && entry.name.startsWith(RESERVED_PREFIX)) {
        yield { writeDirectory: path, keyPrefix: at.keyPrefix, name: entry.name }
        continue
      }
      const segment = layout.nameToSegment(entry.name)
      if (segment === null) continue
      const key = at.keyPrefix + segment
      const found = stats[index]
      if (found?.isFile() && key.startsWith(at.prefix)) yield { object: toObjectStat(key, found) }
      if (entry.isDirectory() && `${key}/`.startsWith(at.prefix))
        yield* walkDirectory(layout, { ...at, directory: path, keyPrefix: `${key}/` })
    }
  }
}

/** The one name in the directory of an old write; where a crash left it empty it goes, and the answer is null. */
export async function nameInWriteDirectory(directory: string): Promise<string | null> {
  for await (const batch of entriesOf(directory)) {
    const file = batch.find((entry) => entry.isFile())
    if (file) return file.name
  }
  await unless(['ENOENT', 'ENOTEMPTY', 'EACCES', 'EROFS', 'EPERM'], rmdir(directory))
  return null
}
