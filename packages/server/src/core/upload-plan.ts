import {
  MAX_PART_PLAIN_BYTES,
  MAX_PARTS,
  MIN_PART_PLAIN_BYTES,
  PART_SEGMENTS,
  SEGMENT_PLAIN_BYTES,
  SEGMENT_STORED_BYTES,
} from '@holdfast/api'
import { type FloeGeometry, type FloePart, floeGeometryOfPlaintext, floePart, floePartCount } from '@holdfast/container'

/**
 * How one secure upload is cut. A client part holds `segmentsPerPart` whole segments of plaintext (the last part what is left) and is
 * stored as one or more driver parts of PART_SEGMENTS sealed segments. All borders fall together, so any part can be sealed and written
 * by any process at any time. An empty file has no client parts: completion seals its one empty segment.
 */
export type UploadPlan = {
  readonly size: number
  /** Plaintext bytes in every client part but the last. */
  readonly partSize: number
  readonly partCount: number
  readonly segmentsPerPart: number
  readonly geometry: FloeGeometry
}

/** One client part: which plaintext it is, and the driver parts that it becomes. */
export type PlannedPart = {
  readonly number: number
  readonly plainOffset: number
  readonly plainLength: number
  readonly firstDriverPart: number
  readonly driverPartCount: number
}

function planWith(size: number, multiple: number): UploadPlan {
  const geometry = floeGeometryOfPlaintext(size, SEGMENT_STORED_BYTES)
  const segmentsPerPart = multiple * PART_SEGMENTS
  const partSize = segmentsPerPart * SEGMENT_PLAIN_BYTES
  return { size, partSize, partCount: Math.ceil(size / partSize), segmentsPerPart, geometry }
}

/**
 * The plan for a new upload. `wish` (plaintext bytes in a part) is rounded down to a whole multiple of the smallest part and kept between
 * the smallest and the largest; a size that needs more than MAX_PARTS parts gets larger ones, whatever was wished.
 */
export function planUpload(size: number, wish: number = MIN_PART_PLAIN_BYTES): UploadPlan {
  const wished = Math.floor(Math.min(wish, MAX_PART_PLAIN_BYTES) / MIN_PART_PLAIN_BYTES)
  const needed = Math.ceil(size / (MAX_PARTS * MIN_PART_PLAIN_BYTES))
  return planWith(size, Math.max(1, wished, needed))
}

/** The plan of an upload that is under way. Throws a RangeError where `partSize` is none that `planUpload` gives. */
export function planOfUpload(upload: { size: number; partSize: number }): UploadPlan {
  const multiple = upload.partSize / MIN_PART_PLAIN_BYTES
  if (!Number.isInteger(multiple) || multiple < 1) throw new RangeError(`${upload.partSize} is not a part size`)
  return planWith(upload.size, multiple)
}

/** Null where the upload has no such part. */
export function findPlannedPart(plan: UploadPlan, number: number): PlannedPart | null {
  if (!Number.isInteger(number) || number < 1 || number > plan.partCount) return null
  const plainOffset = (number - 1) * plan.partSize
  const multiple = plan.segmentsPerPart / PART_SEGMENTS
  const firstDriverPart = (number - 1) * multiple + 1
  return {
    number,
    plainOffset,
    plainLength: Math.min(plan.partSize, plan.size - plainOffset),
    firstDriverPart,
    driverPartCount: Math.min(multiple, driverPartCount(plan) - firstDriverPart + 1),
  }
}

export const driverPartCount = (plan: UploadPlan): number => floePartCount(plan.geometry, PART_SEGMENTS)

/** What driver part `number` holds and where it lies in the object; the header stands in front of the first. */
export const driverPart = (plan: UploadPlan, number: number): FloePart => floePart(plan.geometry, PART_SEGMENTS, number)
