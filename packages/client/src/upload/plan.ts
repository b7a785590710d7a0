import type { UploadSession } from '@holdfast/api'
import { MAX_PART_PLAIN_BYTES, MAX_PARTS, MIN_PART_PLAIN_BYTES } from '@holdfast/api/limits'
import { UploadError } from './state.ts'

export type PartSpan = { readonly offset: number; readonly length: number }

/** How long one part should take on the wire, in seconds: short enough to lose little when it breaks off, long enough to hide the round trip. */
const SECONDS_A_PART = 4

/** A direct file is cut into about this many parts while nothing is known of the link: a round trip and a signature each. */
const DIRECT_PARTS = 1000

export type PartSizeChoice = {
  readonly size: number
  readonly partBytes: { readonly first: number; readonly most: number }
  readonly bytesPerSecond: number | null
  readonly tier?: 'secure' | 'direct' | undefined
}

/**
 * The part size to wish for, in bytes: a whole number of the smallest parts, so many that one takes about four seconds on a link
 * of this speed, within what suits the source, and never so small that the file would need too many parts. Big direct files begin with
 * big parts, up to the largest of which a browser still hashes the whole part at once; only beyond 600 GB they grow further.
 */
export function choosePartSize({ size, partBytes, bytesPerSecond, tier }: PartSizeChoice): number {
  const unit = MIN_PART_PLAIN_BYTES
  const direct = tier === 'direct'
  const first = direct ? Math.max(partBytes.first, size / DIRECT_PARTS) : partBytes.first
  const wish = bytesPerSecond === null ? first : bytesPerSecond * SECONDS_A_PART
  const bounded = Math.min(MAX_PART_PLAIN_BYTES, direct ? MAX_PART_PLAIN_BYTES : partBytes.most, wish)
  const needed = Math.ceil(size / MAX_PARTS / unit)
  return Math.max(1, needed, Math.floor(bounded / unit)) * unit
}

/** Where part `number` (from 1) lies in the file. */
export function partSpan(session: Pick<UploadSession, 'size' | 'partSize'>, number: number): PartSpan {
  const offset = (number - 1) * session.partSize
  return { offset, length: Math.min(session.partSize, session.size - offset) }
}

/** Part numbers that the server has not received, in order. */
export function missingParts(session: UploadSession, received: ReadonlyMap<number, unknown>): number[] {
  return Array.from({ length: session.partCount }, (_, index) => index + 1).filter((number) => !received.has(number))
}

/** Names are one when they look the same: file systems differ in how they compose accents. */
export const sameName = (one: string, other: string): boolean => one.normalize('NFC') === other.normalize('NFC')

/** @throws UploadError where the server's plan does not cover the file exactly: going on would store something else. */
export function checkPlan(session: UploadSession, size: number): void {
  const { partSize, partCount } = session
  const whole = Number.isSafeInteger(partSize) && partSize > 0 && session.size === size
  const covers = size === 0 ? partCount === 0 || partCount === 1 : partCount === Math.ceil(size / partSize)
  const known = session.receivedParts.every(({ number }) => Number.isInteger(number) && number >= 1 && number <= partCount)
  if (!whole || !covers || !known) throw new UploadError('refused', 'The server planned this upload in a way that does not fit the file')
}
