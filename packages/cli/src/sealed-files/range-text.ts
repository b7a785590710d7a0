import type { InclusiveRange } from '@holdfast/container'
import { CommandFailure } from '../failure.ts'

/** `A-B` (both included, from 0), `A-` (to the end) or `-N` (the last N). */
export type RangeText = { readonly text: string; readonly first: number | null; readonly last: number | null }

/** Null where `text` is none of the three forms. */
export function parseRangeText(text: string): RangeText | null {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(text) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return null
  return { text, first: first === '' ? null : Number(first), last: last === '' ? null : Number(last) }
}

/** The bytes that it names in a file of `size` bytes. @throws where they do not all lie in the file. */
export function rangeIn({ text, first, last }: RangeText, size: number): InclusiveRange {
  const outside = () => new CommandFailure(`the range ${text} lies outside the ${size} bytes of the file`)
  if (first !== null) {
    const end = last ?? size - 1
    if (last === null && first >= size) throw outside()
    return { start: first, end }
  }
  if (last === null || last === 0 || last > size) throw outside()
  return { start: size - last, end: size - 1 }
}
