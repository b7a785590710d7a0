import {
  FLOE_HEADER_BYTES,
  type FloeGeometry,
  floeGeometryOfPlaintext,
  segmentOffset,
  segmentPlace,
  segmentStoredLength,
} from '@holdfast/container'
import type { FloeCipher } from '@holdfast/container/node'
import type { FileRow } from '../../db/file-rows.ts'
import type { KeyHierarchy } from '../../keys/hierarchy.ts'
import type { StorageTarget } from '../../storage/target.ts'
import { openCipher } from '../ingest/session.ts'
import { asDamage, ObjectDamaged } from './damage.ts'
import type { SegmentMemory } from './segment-memory.ts'

/**
 * The container of one file, opened: its header belongs to this file and key, its size is the one recorded, and its last segment is
 * authentic as the last, so that nothing was cut off. All methods reject with `ObjectDamaged` where the object is not what was sealed.
 */
export interface SealedObject {
  readonly geometry: FloeGeometry
  /** The stored bytes of a segment, in `into`. */
  readSegment(index: number, into: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /** The stored bytes of neighbouring segments, one behind the other, in `into`. */
  readSegments(run: { first: number; last: number }, into: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /**
   * Opens stored bytes into `out`; answers the view that holds the plaintext. All of it is authentic, or nothing is answered.
   * `out` may be where `stored` lies.
   */
  openSegment(index: number, stored: Uint8Array, out: Uint8Array): Uint8Array
}

export type SealedReaderDeps = {
  readonly keys: KeyHierarchy
  readonly memory: SegmentMemory
  /** Objects whose end was authenticated, by file. */
  readonly ends: KnownEnds
}

/** Remembers of which objects header and end are known good, as long as the object does not change. */
export interface KnownEnds {
  find(fileId: string, etag: string): Uint8Array | null
  note(fileId: string, etag: string, header: Uint8Array): void
}

export function createKnownEnds(limit: number): KnownEnds {
  const entries = new Map<string, { etag: string; header: Uint8Array }>()
  return {
    find(fileId, etag) {
      const entry = entries.get(fileId)
      return entry?.etag === etag ? entry.header : null
    },
    note(fileId, etag, header) {
      entries.delete(fileId)
      entries.set(fileId, { etag, header })
      if (entries.size > limit) entries.delete(entries.keys().next().value as string)
    },
  }
}

/** What a damaged object says of itself, in the words of the reader's own errors. */
async function orDamage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asDamage(error)
  }
}

async function getEtag(file: FileRow, target: StorageTarget, signal: AbortSignal): Promise<string> {
  const stat = await target.stat(file.objectKey, { signal })
  if (!stat) throw new ObjectDamaged('The object is missing at its target', { missing: true })
  if (stat.size !== file.objectSize) throw new ObjectDamaged(`The object has ${stat.size} bytes; it was stored with ${file.objectSize}`)
  return stat.etag ?? `${stat.modifiedAt}-${stat.size}`
}

/** Opens the container of `file`. The end is authenticated here unless that was done before and the object is unchanged. */
export async function openSealedObject(
  deps: SealedReaderDeps,
  file: FileRow,
  source: { target: StorageTarget; signal: AbortSignal; fresh?: boolean },
): Promise<SealedObject> {
  const { target, signal } = source
  const etag = await getEtag(file, target, signal)
  const known = source.fresh ? null : deps.ends.find(file.id, etag)
  const header = known ?? (await orDamage(() => target.read(file.objectKey, 0, FLOE_HEADER_BYTES, { signal })))
  const { tenantId, id: fileId, entityKeyId, wrappedKey } = file
  const cipher = await orDamage(() => openCipher(deps.keys, { tenantId, fileId, entityKeyId, wrappedKey }, header))
  const sealed = sealedObject({ file, target, cipher })
  if (known === null) {
    await authenticateEnd(sealed, deps.memory, signal)
    deps.ends.note(file.id, etag, header.slice())
  }
  return sealed
}

function sealedObject({ file, target, cipher }: { file: FileRow; target: StorageTarget; cipher: FloeCipher }): SealedObject {
  const geometry = floeGeometryOfPlaintext(file.size, cipher.segmentLength)
  if (geometry.storedSize !== file.objectSize)
    throw new ObjectDamaged('The header is not of the segment length that was stored', { offset: 0 })
  const readSegments: SealedObject['readSegments'] = ({ first, last }, into, signal) => {
    const offset = segmentOffset(geometry, first)
    const length = segmentOffset(geometry, last) + segmentStoredLength(geometry, last) - offset
    return orDamage(() => target.read(file.objectKey, offset, length, { into, signal }))
  }
  return {
    geometry,
    readSegment: (index, into, signal) => readSegments({ first: index, last: index }, into, signal),
    readSegments,
    openSegment(index, stored, out) {
      try {
        return out.subarray(0, cipher.openSegmentInto(out, segmentPlace(geometry, index), stored))
      } catch (error) {
        throw asDamage(error)
      }
    },
  }
}

async function authenticateEnd(sealed: SealedObject, memory: SegmentMemory, signal: AbortSignal): Promise<void> {
  const index = sealed.geometry.segmentCount - 1
  const into = memory.take()
  const out = memory.take()
  try {
    sealed.openSegment(index, await sealed.readSegment(index, into, signal), out)
  } finally {
    memory.release(into)
    memory.release(out)
  }
}
