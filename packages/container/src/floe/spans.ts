import { ContainerError } from '../errors.ts'
import { assertRange, type InclusiveRange } from '../range.ts'

/** Parameters (10), iv (32), header tag (32). */
export const FLOE_HEADER_BYTES = 74
/** Length field (4), IV (12), tag (16) of every segment. */
export const FLOE_SEGMENT_OVERHEAD = 32
/** Stored length of a whole segment in Holdfast's files. */
export const FLOE_DEFAULT_SEGMENT_LENGTH = 1_048_576
/** Readers here hold a whole segment in memory, so that its length is bounded. */
export const FLOE_MAX_SEGMENT_LENGTH = 64 * 1_048_576
/** No FLOE file has more segments (c2sp.org/FLOE). */
export const FLOE_MAX_SEGMENTS = 2 ** 40

/** Where everything lies in one FLOE file. All in bytes, `segmentCount` excepted. */
export type FloeGeometry = {
  readonly segmentLength: number
  /** Plaintext in a whole segment. */
  readonly segmentPlain: number
  /** At least 1: an empty file has one empty last segment. */
  readonly segmentCount: number
  readonly plaintextSize: number
  readonly storedSize: number
}

/** A segment by index from 0. `isLast` is part of what is authenticated. */
export type SegmentPlace = { readonly index: number; readonly isLast: boolean }

export function assertSegmentLength(segmentLength: number, offset: number | null = null): void {
  if (Number.isInteger(segmentLength) && segmentLength > FLOE_SEGMENT_OVERHEAD && segmentLength <= FLOE_MAX_SEGMENT_LENGTH) return
  throw new ContainerError(
    'header-segment-length',
    `A segment length of ${segmentLength} is not supported: it must lie between 33 and ${FLOE_MAX_SEGMENT_LENGTH}`,
    offset,
  )
}

/** The file that sealing `plaintextSize` bytes makes. Its last segment is empty only where the whole file is. */
export function floeGeometryOfPlaintext(plaintextSize: number, segmentLength: number = FLOE_DEFAULT_SEGMENT_LENGTH): FloeGeometry {
  assertSegmentLength(segmentLength)
  const segmentPlain = segmentLength - FLOE_SEGMENT_OVERHEAD
  const segmentCount = Math.max(1, Math.ceil(plaintextSize / segmentPlain))
  const storedSize = FLOE_HEADER_BYTES + plaintextSize + segmentCount * FLOE_SEGMENT_OVERHEAD
  if (!Number.isSafeInteger(plaintextSize) || plaintextSize < 0 || segmentCount > FLOE_MAX_SEGMENTS || !Number.isSafeInteger(storedSize)) {
    throw new ContainerError('too-large', `${plaintextSize} bytes cannot be sealed in segments of ${segmentLength}`)
  }
  return { segmentLength, segmentPlain, segmentCount, plaintextSize, storedSize }
}

/**
 * The file that an object of `storedSize` bytes must be. It is a claim until the last segment is authenticated as last.
 * 'header-cut', 'truncated' or 'segment-cut' where no FLOE file has that size.
 */
export function floeGeometryOfStored(storedSize: number, segmentLength: number): FloeGeometry {
  assertSegmentLength(segmentLength)
  if (!Number.isSafeInteger(storedSize) || storedSize < FLOE_HEADER_BYTES) {
    throw new ContainerError('header-cut', `The object ends inside the header: it has ${storedSize} bytes`, 0)
  }
  const segmentPlain = segmentLength - FLOE_SEGMENT_OVERHEAD
  const body = storedSize - FLOE_HEADER_BYTES
  if (body === 0) throw new ContainerError('truncated', 'The object ends after its header: no segment is there', FLOE_HEADER_BYTES)
  const segmentCount = Math.ceil(body / segmentLength)
  const lastStored = body - (segmentCount - 1) * segmentLength
  const lastAt = FLOE_HEADER_BYTES + (segmentCount - 1) * segmentLength
  if (lastStored < FLOE_SEGMENT_OVERHEAD) {
    throw new ContainerError(
      'segment-cut',
      `The object ends inside segment ${segmentCount - 1}: ${lastStored} bytes of it are there`,
      lastAt,
    )
  }
  if (segmentCount > FLOE_MAX_SEGMENTS) throw new ContainerError('too-large', 'The object has more segments than FLOE allows')
  return { segmentLength, segmentPlain, segmentCount, plaintextSize: body - segmentCount * FLOE_SEGMENT_OVERHEAD, storedSize }
}

export const isLastSegment = (geometry: FloeGeometry, index: number): boolean => index === geometry.segmentCount - 1

export const segmentPlace = (geometry: FloeGeometry, index: number): SegmentPlace => ({ index, isLast: isLastSegment(geometry, index) })

/** Offset of segment `index` in the stored object. */
export const segmentOffset = (geometry: FloeGeometry, index: number): number => FLOE_HEADER_BYTES + index * geometry.segmentLength

export function segmentStoredLength(geometry: FloeGeometry, index: number): number {
  return isLastSegment(geometry, index) ? geometry.storedSize - segmentOffset(geometry, index) : geometry.segmentLength
}

export function segmentPlainLength(geometry: FloeGeometry, index: number): number {
  return segmentStoredLength(geometry, index) - FLOE_SEGMENT_OVERHEAD
}

/** A piece of one segment's plaintext: bytes `from` up to but not including `to`. */
export type SegmentSlice = { readonly index: number; readonly from: number; readonly to: number }

/** First and last segment that hold a byte of `range`. */
export function segmentsCovering(geometry: FloeGeometry, range: InclusiveRange): { first: number; last: number } {
  assertRange(range, geometry.plaintextSize)
  return { first: Math.floor(range.start / geometry.segmentPlain), last: Math.floor(range.end / geometry.segmentPlain) }
}

/** Which bytes of the plaintext of segment `index` belong to `range`. */
export function sliceOfSegment(geometry: FloeGeometry, range: InclusiveRange, index: number): SegmentSlice {
  const begin = index * geometry.segmentPlain
  return {
    index,
    from: Math.max(0, range.start - begin),
    to: Math.min(segmentPlainLength(geometry, index), range.end + 1 - begin),
  }
}

/**
 * A run of whole segments that is sent or written as one. `number` counts from 1. The stored span of part 1 has the header in front,
 * so that the parts of a file lie one behind the other and together are the object.
 */
export type FloePart = {
  readonly number: number
  readonly firstSegment: number
  readonly segmentCount: number
  readonly plainOffset: number
  readonly plainLength: number
  readonly storedOffset: number
  readonly storedLength: number
}

export const floePartCount = (geometry: FloeGeometry, segmentsPerPart: number): number =>
  Math.max(1, Math.ceil(geometry.segmentCount / segmentsPerPart))

/** Part `number` of a file that is cut every `segmentsPerPart` segments; 'range-outside' where there is no such part. */
export function floePart(geometry: FloeGeometry, segmentsPerPart: number, number: number): FloePart {
  if (!Number.isInteger(number) || number < 1 || number > floePartCount(geometry, segmentsPerPart)) {
    throw new ContainerError('range-outside', `There is no part ${number} in this file`)
  }
  const firstSegment = (number - 1) * segmentsPerPart
  const segmentCount = Math.min(segmentsPerPart, geometry.segmentCount - firstSegment)
  const last = firstSegment + segmentCount - 1
  const storedOffset = number === 1 ? 0 : segmentOffset(geometry, firstSegment)
  const plainOffset = firstSegment * geometry.segmentPlain
  return {
    number,
    firstSegment,
    segmentCount,
    plainOffset,
    plainLength: last * geometry.segmentPlain + segmentPlainLength(geometry, last) - plainOffset,
    storedOffset,
    storedLength: segmentOffset(geometry, last) + segmentStoredLength(geometry, last) - storedOffset,
  }
}
