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
 * How one upload is cut into client parts: each `partSize` bytes, the last what is left. `partSize` is a whole multiple of
 * MIN_PART_PLAIN_BYTES, which is what one driver part takes, in every tier.
 */
export type PartPlan = {
  readonly size: number
  readonly partSize: number
  readonly partCount: number
}

/**
 * How one secure upload is cut. A client part holds `segmentsPerPart` whole segments of plaintext (the last part what is left) and is
 * stored as one or more driver parts of PART_SEGMENTS sealed segments. All borders fall together, so any part can be sealed and written
 * by any process at any time. An empty file has no client parts: completion seals its one empty segment.
 */
export type UploadPlan = PartPlan & {
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

/** What the parts of a write have to be at one target (its capabilities): every part but the last, and how many there may be. */
export type PartRules = { readonly leastPartBytes: number; readonly mostParts: number | null }

const partPlan = (size: number, multiple: number): PartPlan => {
  const partSize = multiple * MIN_PART_PLAIN_BYTES
  return { size, partSize, partCount: Math.ceil(size / partSize) }
}

/**
 * The plan for a new direct upload, of any size: parts grow so that there are never more than MAX_PARTS of them, nor more or smaller
 * ones than the target takes where each is one of its own (D2). `wish` is rounded as `planUpload` does.
 */
export function planDirect(size: number, options: { wish?: number | undefined; rules?: PartRules | null }): PartPlan {
  const { wish = MIN_PART_PLAIN_BYTES, rules = null } = options
  const most = Math.min(MAX_PARTS, rules?.mostParts ?? MAX_PARTS)
  const wished = Math.floor(Math.min(wish, MAX_PART_PLAIN_BYTES) / MIN_PART_PLAIN_BYTES)
  const needed = Math.ceil(size / (most * MIN_PART_PLAIN_BYTES))
  const least = Math.ceil((rules?.leastPartBytes ?? 0) / MIN_PART_PLAIN_BYTES)
  return partPlan(size, Math.max(1, wished, needed, least))
}

function multipleOf(partSize: number): number {
  const multiple = partSize / MIN_PART_PLAIN_BYTES
  if (!Number.isInteger(multiple) || multiple < 1) throw new RangeError(`${partSize} is not a part size`)
  return multiple
}

/** How an upload of any tier that is under way is cut. Throws a RangeError where `partSize` is none that a plan gives. */
export const partPlanOf = (upload: { size: number; partSize: number }): PartPlan => partPlan(upload.size, multipleOf(upload.partSize))

/** The driver part `number` of an object that is stored as it is. */
export function plainDriverPart(plan: PartPlan, number: number): { readonly offset: number; readonly length: number } {
  const offset = (number - 1) * MIN_PART_PLAIN_BYTES
  return { offset, length: Math.min(MIN_PART_PLAIN_BYTES, plan.size - offset) }
}

/** The plan of a secure upload that is under way. Throws a RangeError where `partSize` is none that `planUpload` gives. */
export function planOfUpload(upload: { size: number; partSize: number }): UploadPlan {
  return planWith(upload.size, multipleOf(upload.partSize))
}

/** Null where the upload has no such part. */
export function findPlannedPart(plan: PartPlan, number: number): PlannedPart | null {
  if (!Number.isInteger(number) || number < 1 || number > plan.partCount) return null
  const plainOffset = (number - 1) * plan.partSize
  const plainLength = Math.min(plan.partSize, plan.size - plainOffset)
  return {
    number,
    plainOffset,
    plainLength,
    firstDriverPart: ((number - 1) * plan.partSize) / MIN_PART_PLAIN_BYTES + 1,
    driverPartCount: Math.ceil(plainLength / MIN_PART_PLAIN_BYTES),
  }
}

export const driverPartCount = (plan: UploadPlan): number => floePartCount(plan.geometry, PART_SEGMENTS)

/** What driver part `number` holds and where it lies in the object; the header stands in front of the first. */
export const driverPart = (plan: UploadPlan, number: number): FloePart => floePart(plan.geometry, PART_SEGMENTS, number)
