import { ContainerError } from '../errors.ts'

/** One member of a JSON object with what `JSON.parse` forgets: whether it is repeated, where it stands, and how a number was written. */
export type JsonMember = {
  readonly name: string
  readonly value: unknown
  /** Written as an integer: no fraction, no exponent. */
  readonly isInteger: boolean
  /** Where the member's name begins, in bytes from the start of the file. */
  readonly offset: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const INTEGER = /^-?\d+$/
const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
/** `{ } [ ] , :` and the quote: what ends a number or a literal. */
const isMark = (byte: number) =>
  byte === 0x7b || byte === 0x7d || byte === 0x5b || byte === 0x5d || byte === 0x2c || byte === 0x3a || byte === QUOTE

/** The position behind white space. */
function pastSpace(raw: Uint8Array, from: number): number {
  let at = from
  while (isSpace(raw[at])) at += 1
  return at
}

/** The position behind the token that begins at `from`: a string, a number or literal, or a single mark. */
function pastToken(raw: Uint8Array, from: number): number {
  let at = from
  if (raw[at] === QUOTE) {
    at += 1
    while (raw[at] !== QUOTE) at += raw[at] === BACKSLASH ? 2 : 1
    return at + 1
  }
  if (isMark(raw[at]!)) return at + 1
  while (at < raw.length && !isSpace(raw[at]) && !isMark(raw[at]!)) at += 1
  return at
}

/** The position behind the value that begins at `from`, nested ones included. */
function pastValue(raw: Uint8Array, from: number): number {
  let at = from
  let depth = 0
  do {
    at = pastSpace(raw, at)
    if (raw[at] === 0x7b || raw[at] === 0x5b) depth += 1
    if (raw[at] === 0x7d || raw[at] === 0x5d) depth -= 1
    at = pastToken(raw, at)
  } while (depth > 0)
  return at
}

const decoder = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Throws 'header-json' unless `raw` is one JSON object in UTF-8; what follows may then rely on its grammar. */
function assertObject(raw: Uint8Array, start: number): void {
  try {
    const value: unknown = JSON.parse(decoder().decode(raw))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  } catch {
    // Whatever it is, it is not the object that must stand here.
  }
  throw new ContainerError('header-json', 'The header is not a JSON object in UTF-8', start)
}

/** The members of the object in order, repeated ones too. `start` is where `raw` lies in the file. 'header-json' where it is no object. */
export function scanFlatObject(raw: Uint8Array, start: number): JsonMember[] {
  assertObject(raw, start)
  const text = (from: number, to: number) => decoder().decode(raw.subarray(from, to))
  const members: JsonMember[] = []
  let at = pastSpace(raw, pastSpace(raw, 0) + 1)
  while (raw[at] !== 0x7d) {
    if (raw[at] === 0x2c) at = pastSpace(raw, at + 1)
    const nameEnd = pastToken(raw, at)
    const valueAt = pastSpace(raw, pastSpace(raw, nameEnd) + 1)
    const valueEnd = pastValue(raw, valueAt)
    const source = text(valueAt, valueEnd)
    members.push({
      name: JSON.parse(text(at, nameEnd)) as string,
      value: JSON.parse(source) as unknown,
      isInteger: INTEGER.test(source),
      offset: start + at,
    })
    at = pastSpace(raw, valueEnd)
  }
  return members
}
