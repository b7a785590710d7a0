import { readU32 } from '../bytes.ts'
import { ContainerError } from '../errors.ts'
import { type ByteSource, type ReadOptions, readExactly } from '../source.ts'
import { recordLength } from './chunks.ts'
import { assertHeaderLength, isEncrypted, LXENC_PREFIX_BYTES, type LxencHeader, type LxencProfile, parseLxencHeader } from './header.ts'
import { type LxencGeometry, lxencGeometryOfRecords, lxencGeometryOfStored } from './spans.ts'

/** All that reading ranges of a file needs beside its key. Holds nothing secret. */
export type LxencIndex = {
  readonly profile: LxencProfile
  readonly header: LxencHeader
  /** Where the first record lies. */
  readonly bodyOffset: number
  readonly storedSize: number
  readonly geometry: LxencGeometry
}

/** A scan of more records than this would fill the memory of the reader. */
const MAX_SCANNED_RECORDS = 2 ** 24
const SCAN_WINDOW_BYTES = 65_536

/** Throws unless `start`, which begins the file, has the magic and a length field; answers the length of the header. */
export function headerLengthOf(start: Uint8Array, profile: LxencProfile): number {
  if (!isEncrypted(start)) throw new ContainerError('not-a-container', 'The file does not begin with the magic of LXENC01', 0)
  if (start.length < LXENC_PREFIX_BYTES)
    throw new ContainerError('header-cut', 'The file ends inside the length of its header', start.length)
  const length = readU32(start, 8)
  assertHeaderLength(length, profile)
  return length
}

export const cutHeader = (size: number): ContainerError => new ContainerError('header-cut', 'The file ends inside its header', size)

/**
 * Header and geometry of a file, without a key. In the strict profile three small reads whatever the size of the file, and the last
 * record's length field is checked against it; in the legacy profile a scan of all length fields, whose last record may turn out
 * to be cut when it is read.
 */
export async function readLxencIndex(source: ByteSource, options: ReadOptions & { profile?: LxencProfile } = {}): Promise<LxencIndex> {
  const profile = options.profile ?? 'strict'
  const start = await readExactly(source, { offset: 0, length: Math.min(LXENC_PREFIX_BYTES, source.size) }, options)
  const headerLength = headerLengthOf(start, profile)
  const bodyOffset = LXENC_PREFIX_BYTES + headerLength
  if (bodyOffset > source.size) throw cutHeader(source.size)
  const raw = await readExactly(source, { offset: LXENC_PREFIX_BYTES, length: headerLength }, options)
  const header = parseLxencHeader(raw.slice(), profile)
  const shared = { profile, header, bodyOffset, storedSize: source.size }
  if (profile === 'legacy') return { ...shared, geometry: await scanRecords(source, bodyOffset, options) }
  const geometry = lxencGeometryOfStored(source.size, { bodyOffset, chunkSize: header.chunkSize })
  if (geometry.recordCount > 0) {
    const last = geometry.record(geometry.recordCount - 1)
    assertRecordFits(await readExactly(source, { offset: last.offset, length: 4 }, options), last, header.chunkSize)
  }
  return { ...shared, geometry }
}

/** Throws unless the length field of `record` is what the size of the file makes it. */
export function assertRecordFits(
  field: Uint8Array,
  record: { index: number; offset: number; storedLength: number },
  chunkSize: number,
): void {
  const { index, offset, storedLength } = record
  const length = recordLength(field, { index, offset, limit: chunkSize })
  const there = storedLength - 4
  if (length > there)
    throw new ContainerError('record-cut', `The file ends inside record ${index}: ${there} of ${length} bytes are there`, offset)
  if (length < there) throw shortRecord(index, offset)
}

export const shortRecord = (index: number, offset: number): ContainerError =>
  new ContainerError('record-short', `Record ${index} is shorter than a full chunk, but not the last`, offset)

/** Length fields one by one; small records share a read. */
async function scanRecords(source: ByteSource, bodyOffset: number, options: ReadOptions): Promise<LxencGeometry> {
  const offsets = [bodyOffset]
  const plainOffsets = [0]
  let window = { offset: 0, bytes: new Uint8Array() }
  let at = bodyOffset
  for (let index = 0; at < source.size; index += 1) {
    if (source.size - at < 4) throw new ContainerError('record-cut', `The file ends inside the length of record ${index}`, at)
    if (index === MAX_SCANNED_RECORDS) throw new ContainerError('too-large', `The file has more than ${MAX_SCANNED_RECORDS} records`, at)
    if (at < window.offset || at + 4 > window.offset + window.bytes.length) {
      const length = Math.min(index > 0 && at - offsets[index - 1]! < 4096 ? SCAN_WINDOW_BYTES : 4, source.size - at)
      window = { offset: at, bytes: (await readExactly(source, { offset: at, length }, options)).slice() }
    }
    const field = window.bytes.subarray(at - window.offset)
    const length = recordLength(field, { index, offset: at, limit: Number.POSITIVE_INFINITY })
    at += 4 + length
    offsets.push(at)
    plainOffsets.push(plainOffsets[index]! + length - 16)
  }
  return lxencGeometryOfRecords({ offsets, plainOffsets })
}
