import { ContainerError } from './errors.ts'

/** `start` and `end` are both inside, in bytes of plaintext. */
export type InclusiveRange = { readonly start: number; readonly end: number }

/** Throws 'range-invalid' or 'range-outside' unless 0 ≤ start ≤ end < size; callers clamp first where they mean to. */
export function assertRange(range: InclusiveRange, size: number): void {
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new ContainerError('range-invalid', `${start}-${end} is not a byte range`)
  }
  if (end >= size) throw new ContainerError('range-outside', `The range ${start}-${end} lies outside the ${size} bytes of the file`)
}
