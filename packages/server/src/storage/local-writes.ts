import { link, lstat, unlink } from 'node:fs/promises'
import { codeOf, unless } from './local-errors.ts'
import { isPlainDirectory, type Place, removeEmptyDirectories, syncDirectory } from './local-layout.ts'
import { findObject, getObject, type Local, moveInto } from './local-objects.ts'
import {
  createUnfinished,
  parseWriteId,
  removeEmptied,
  removeUnfinished,
  startedAtOf,
  syncUnfinished,
  toWriteId,
  type WriteName,
} from './local-unfinished.ts'
import { nameInWriteDirectory, walk } from './local-walk.ts'
import { writeGone } from './local-write-files.ts'
import { checkPart, checkReceipts, checkSize } from './receipts.ts'
import { type CommitOptions, type ObjectStat, type PartReceipt, StorageError, type WriteId, type WritePart } from './target.ts'

/** A write under way: its object's key and its id. */
export type Named = { readonly key: string; readonly id: WriteId }
type Located = { readonly place: Place; readonly directory: string; readonly path: string; readonly name: WriteName }

/** Where a write lies; throws 'not-found' for what is no id of this driver. */
function locate({ layout }: Local, { key, id }: Named): Located {
  const place = layout.place(key)
  const name = parseWriteId(id)
  if (!name) throw writeGone()
  const directory = `${place.directory}/${name.directoryName}`
  return { place, name, directory, path: `${directory}/${place.name}` }
}

export async function beginWrite({ layout, clock, files }: Local, key: string, size: number): Promise<WriteId> {
  const place = layout.place(key)
  checkSize(size)
  const file = await createUnfinished(layout.root, place, { now: clock.now(), size })
  try {
    await syncUnfinished(file, place.directory)
    const id = toWriteId(file.directory.slice(place.directory.length + 1), await file.handle.stat({ bigint: true }))
    await files.adopt(file.path, file.handle)
    return id
  } catch (error) {
    await file.handle.close()
    await removeUnfinished(file.directory)
    await removeEmptyDirectories(layout.root, place.directory)
    throw error
  }
}

export async function writePart(local: Local, named: Named, part: WritePart, signal: AbortSignal | undefined): Promise<PartReceipt> {
  const { path, directory } = locate(local, named)
  if (!(await isPlainDirectory(directory))) throw writeGone()
  await local.files.use(path, async (file) => {
    checkPart(part, file.size)
    await file.write(part.bytes, { offset: part.offset, signal })
  })
  return { number: part.number, size: part.bytes.length, tag: null }
}

export async function flushWrite(local: Local, named: Named): Promise<void> {
  const { path, directory } = locate(local, named)
  if (!(await isPlainDirectory(directory))) throw writeGone()
  await local.files.use(path, (file) => file.flush(() => removeUnfinished(directory)))
}

/** Moves the file of a write to its place, which has to be free. A link that an interrupted commit has made already counts as that. */
async function moveBeside(path: string, place: Place, name: WriteName): Promise<void> {
  if ((await findObject(place))?.identity !== name.identity) await link(path, place.path)
  await unlink(path)
}

type Commit = {
  readonly local: Local
  readonly named: Named
  readonly receipts: readonly PartReceipt[]
  readonly options: CommitOptions
}

async function moveToPlace({ local, named, receipts, options }: Commit): Promise<void> {
  const { place, directory, path, name } = locate(local, named)
  if (!(await isPlainDirectory(directory)) || !(await unless(['ENOENT'], lstat(path)))) throw writeGone()
  await local.files.use(path, async (file) => {
    checkReceipts(receipts, file.size)
    await file.flush(() => removeUnfinished(directory))
  })
  await local.files.release(path)
  if (options.ifAbsent) await moveBeside(path, place, name)
  else await moveInto(path, place)
}

/** An earlier commit of the same write, or one at the same time here or in another process, may be first at any step. */
const isOvertaken = (error: unknown): boolean =>
  ['ENOENT', 'EEXIST'].includes(codeOf(error)) || (error instanceof StorageError && ['not-found', 'exists'].includes(error.fault))

export async function commitWrite(
  local: Local,
  named: Named,
  receipts: readonly PartReceipt[],
  options: CommitOptions = {},
): Promise<ObjectStat> {
  const { place, name, directory } = locate(local, named)
  try {
    await moveToPlace({ local, named, receipts, options })
  } catch (error) {
    if (!isOvertaken(error) || (await findObject(place))?.identity !== name.identity) throw error
  }
  await syncDirectory(place.directory)
  await removeEmptied(directory)
  return getObject(local, named.key)
}

export async function abortWrite(local: Local, { key, id }: Named): Promise<void> {
  const place = local.layout.place(key)
  const name = parseWriteId(id)
  if (!name || !(await isPlainDirectory(place.directory))) return
  const directory = `${place.directory}/${name.directoryName}`
  await local.files.release(`${directory}/${place.name}`)
  await removeUnfinished(directory)
  await removeEmptyDirectories(local.layout.root, place.directory)
}

export async function* listWrites(
  { layout }: Local,
  prefix: string,
  olderThan: number,
): AsyncGenerator<{ key: string; write: WriteId; startedAt: number }> {
  for await (const found of walk(layout, prefix)) {
    if (!('writeDirectory' in found)) continue
    const startedAt = startedAtOf(found.name)
    if (startedAt === null || startedAt >= olderThan) continue
    const name = await nameInWriteDirectory(found.writeDirectory)
    const segment = name === null ? null : layout.nameToSegment(name)
    if (segment === null) continue
    const stats = await unless(['ENOENT'], lstat(`${found.writeDirectory}/${name}`, { bigint: true }))
    const key = found.keyPrefix + segment
    if (stats && key.startsWith(prefix)) yield { key, write: toWriteId(found.name, stats), startedAt }
  }
}
