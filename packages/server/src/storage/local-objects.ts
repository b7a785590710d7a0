import { closeSync, fstat } from 'node:fs'
import { link, lstat, rename, rmdir, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Clock } from '../core/clock.ts'
import { codeOf, unless } from './local-errors.ts'
import { isPlainDirectory, type Layout, type Place, removeEmptyDirectories, requireRoot, syncDirectory } from './local-layout.ts'
import { type ObjectOpener, readInto } from './local-open.ts'
import { createUnfinished, identityOf, removeUnfinished } from './local-unfinished.ts'
import { toObjectStat } from './local-walk.ts'
import { type WriteFiles, writeAll } from './local-write-files.ts'
import { type CallOptions, type ObjectStat, type StatOptions, StorageError } from './target.ts'

/** What the calls of one local target share. */
export type Local = { readonly layout: Layout; readonly clock: Clock; readonly files: WriteFiles; readonly opener: ObjectOpener }

/** Bytes per system call: an abort is noticed between two of them. */
const PIECE = 8 * 1024 * 1024

const fileStat = promisify(fstat)

const missing = (): StorageError => new StorageError('not-found', 'There is no such object')

type Found = Omit<ObjectStat, 'key'> & { readonly identity: string }

/** The object at `place`, or null where there is none or something else; with `occupant` that, too. */
export async function findObject(place: Place, options: { occupant?: boolean } = {}): Promise<Found | null> {
  const stats = await unless(['ENOENT', 'ENOTDIR'], lstat(place.path, { bigint: true }))
  if (!stats || !(options.occupant || stats.isFile())) return null
  return { ...toObjectStat('', stats), identity: identityOf(stats) }
}

export async function statObject({ layout }: Local, key: string, options: StatOptions = {}): Promise<ObjectStat | null> {
  const place = layout.place(key)
  const found = (await isPlainDirectory(place.directory)) ? await findObject(place, options) : null
  if (!found) await requireRoot(layout.root)
  return found && { key, size: found.size, modifiedAt: found.modifiedAt, etag: found.etag }
}

export async function getObject(local: Local, key: string): Promise<ObjectStat> {
  const stat = await statObject(local, key)
  if (!stat) throw new StorageError('not-found', 'The object vanished right after it was stored')
  return stat
}

/** Moves a file to its place over what is there; an empty folder in its way goes. */
export async function moveInto(from: string, place: Place): Promise<void> {
  try {
    await rename(from, place.path)
  } catch (error) {
    if (!['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error
    await unless(['ENOENT'], rmdir(place.path))
    await rename(from, place.path)
  }
}

export async function putObject(
  local: Local,
  key: string,
  bytes: Uint8Array,
  options: CallOptions & { ifAbsent?: boolean },
): Promise<ObjectStat> {
  const place = local.layout.place(key)
  const file = await createUnfinished(local.layout.root, place, { now: local.clock.now(), size: 0 })
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
    await removeUnfinished(file.directory)
  } catch (error) {
    await removeUnfinished(file.directory)
    await removeEmptyDirectories(local.layout.root, place.directory)
    throw error
  }
  return getObject(local, key)
}

/** Fills `range.bytes` from `range.offset`. */
export async function readObject(
  { layout, opener }: Local,
  key: string,
  range: { offset: number; bytes: Uint8Array; signal: AbortSignal | undefined },
): Promise<void> {
  const descriptor = await opener.open(layout.place(key))
  if (descriptor === null) {
    await requireRoot(layout.root)
    throw missing()
  }
  try {
    if ((await readInto(descriptor, range.bytes, { ...range, piece: PIECE })) && range.bytes.length > 0) return
    const stats = await fileStat(descriptor)
    if (!stats.isFile()) throw missing()
    if (range.offset + range.bytes.length > stats.size) {
      throw new StorageError('out-of-range', `${range.offset}+${range.bytes.length} of ${stats.size} bytes`)
    }
  } catch (error) {
    throw codeOf(error) === 'EISDIR' ? missing() : error
  } finally {
    closeSync(descriptor)
  }
}

export async function deleteObject({ layout }: Local, key: string): Promise<void> {
  const place = layout.place(key)
  if (!(await isPlainDirectory(place.directory))) return requireRoot(layout.root)
  if ((await unless(['ENOENT', 'ENOTDIR'], lstat(place.path)))?.isDirectory()) return
  await unless(['ENOENT', 'ENOTDIR'], unlink(place.path))
  await unless(['ENOENT', 'ENOTDIR'], syncDirectory(place.directory))
  await removeEmptyDirectories(layout.root, place.directory)
}
