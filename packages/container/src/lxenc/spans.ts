import { ContainerError } from '../errors.ts'
import { assertRange, type InclusiveRange } from '../range.ts'

/** Length field (4) and tag (16) of every record. */
export const LXENC_RECORD_OVERHEAD = 20
/** The counter in the nonce has 32 bits. */
export const LXENC_MAX_CHUNKS = 2 ** 32

/** Where one record lies, and which plaintext is in it. All in bytes from the start of file or plaintext. */
export type LxencRecord = {
  readonly index: number
  readonly offset: number
  /** Length field included. */
  readonly storedLength: number
  readonly plainOffset: number
  readonly plainLength: number
}

/** How a file is cut. Holds no key and nothing secret, so that it may be cached. */
export interface LxencGeometry {
  readonly plaintextSize: number
  readonly recordCount: number
  record(index: number): LxencRecord
  /** The record that holds plaintext byte `position`, which is within the file. */
  recordAt(position: number): number
}

/** Size of the file that `plaintextSize` bytes make. */
export function lxencStoredSize(plaintextSize: number, file: { headerLength: number; chunkSize: number }): number {
  return 12 + file.headerLength + plaintextSize + LXENC_RECORD_OVERHEAD * Math.ceil(plaintextSize / file.chunkSize)
}

/**
 * The geometry of a file of full chunks, from its size alone. 'record-cut' where the size leaves 1 to 20 bytes for the last record,
 * 'too-large' beyond 2^32 chunks. `bodyOffset` is where the first record lies.
 */
export function lxencGeometryOfStored(storedSize: number, file: { bodyOffset: number; chunkSize: number }): LxencGeometry {
  const { bodyOffset, chunkSize } = file
  const full = chunkSize + LXENC_RECORD_OVERHEAD
  const body = storedSize - bodyOffset
  const recordCount = Math.ceil(body / full)
  const lastStored = body - (recordCount - 1) * full
  const lastAt = bodyOffset + (recordCount - 1) * full
  if (recordCount > 0 && lastStored <= LXENC_RECORD_OVERHEAD) {
    throw new ContainerError('record-cut', `The file ends inside record ${recordCount - 1}: ${lastStored} bytes of it are there`, lastAt)
  }
  if (recordCount > LXENC_MAX_CHUNKS) throw new ContainerError('too-large', 'The file has more chunks than LXENC01 allows')
  return {
    plaintextSize: body - recordCount * LXENC_RECORD_OVERHEAD,
    recordCount,
    record(index) {
      const storedLength = index === recordCount - 1 ? lastStored : full
      return {
        index,
        offset: bodyOffset + index * full,
        storedLength,
        plainOffset: index * chunkSize,
        plainLength: storedLength - LXENC_RECORD_OVERHEAD,
      }
    },
    recordAt: (position) => Math.floor(position / chunkSize),
  }
}

/** The geometry of records whose lengths were read one by one: `starts` holds offset and plaintext offset of each, and of the end. */
export function lxencGeometryOfRecords(starts: { offsets: readonly number[]; plainOffsets: readonly number[] }): LxencGeometry {
  const { offsets, plainOffsets } = starts
  const recordCount = offsets.length - 1
  return {
    plaintextSize: plainOffsets[recordCount]!,
    recordCount,
    record(index) {
      return {
        index,
        offset: offsets[index]!,
        storedLength: offsets[index + 1]! - offsets[index]!,
        plainOffset: plainOffsets[index]!,
        plainLength: plainOffsets[index + 1]! - plainOffsets[index]!,
      }
    },
    recordAt(position) {
      let low = 0
      let high = recordCount - 1
      while (low < high) {
        const middle = Math.ceil((low + high) / 2)
        if (plainOffsets[middle]! <= position) low = middle
        else high = middle - 1
      }
      return low
    },
  }
}

/** First and last record that hold a byte of `range`. */
export function recordsCovering(geometry: LxencGeometry, range: InclusiveRange): { first: number; last: number } {
  assertRange(range, geometry.plaintextSize)
  return { first: geometry.recordAt(range.start), last: geometry.recordAt(range.end) }
}
