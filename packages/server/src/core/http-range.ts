/** `start` and `end` are both inside, as in `Content-Range`. */
export type ByteRange = { readonly start: number; readonly end: number }

/** What a `Range` field asks of a representation of known size (RFC 9110 §14.2). */
export type RangeAnswer = { kind: 'whole' } | { kind: 'part'; range: ByteRange } | { kind: 'unsatisfiable' }

const whole: RangeAnswer = { kind: 'whole' }
const unsatisfiable: RangeAnswer = { kind: 'unsatisfiable' }
const single = /^bytes=[ \t]*(\d{0,16})-(\d{0,16})[ \t]*$/i

/**
 * One range of bytes is honoured. A field that is malformed, in another unit or asks for several ranges is ignored, as RFC 9110
 * allows: the answer is then the whole file, which holds what was asked for. Numbers of more than 16 digits count as malformed.
 */
export function parseRange(field: string | undefined, size: number): RangeAnswer {
  const match = field === undefined ? null : single.exec(field)
  if (!match) return whole
  const [, first, last] = match
  if (first === '' && last === '') return whole
  if (first === '') return suffix(Number(last), size)
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return whole
  if (start >= size) return unsatisfiable
  return { kind: 'part', range: { start, end } }
}

/** `bytes=-n`: the last n bytes. Of an empty file that is the whole file, since no Content-Range can say "nothing". */
function suffix(length: number, size: number): RangeAnswer {
  if (length === 0) return unsatisfiable
  if (size === 0) return whole
  return { kind: 'part', range: { start: Math.max(0, size - length), end: size - 1 } }
}

/** A strong entity tag of a file: the digest of its plaintext, so that it changes exactly when the bytes do (RFC 9110 §8.8.3). */
export const strongEtag = (sha256: string): string => `"${sha256}"`

type Conditions = { ifMatch?: string | undefined; ifNoneMatch?: string | undefined; ifRange?: string | undefined }

const etagsOf = (field: string): string[] => field.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
const opaque = (etag: string): string => etag.replace(/^W\//, '')

/** What the conditional fields of a GET or HEAD come to, in the order of RFC 9110 §13.2.2. */
export function evaluateConditions(conditions: Conditions, etag: string): 'go' | 'not-modified' | 'failed' {
  const { ifMatch, ifNoneMatch } = conditions
  if (ifMatch !== undefined && ifMatch.trim() !== '*' && !etagsOf(ifMatch).includes(etag)) return 'failed'
  if (ifNoneMatch === undefined) return 'go'
  const matches = ifNoneMatch.trim() === '*' || etagsOf(ifNoneMatch).some((candidate) => opaque(candidate) === etag)
  return matches ? 'not-modified' : 'go'
}

/** Whether `Range` holds under `If-Range`: only for the very same strong tag. Dates and weak tags never match (RFC 9110 §13.1.5). */
export const rangeStillHolds = (ifRange: string | undefined, etag: string): boolean => ifRange === undefined || ifRange.trim() === etag
