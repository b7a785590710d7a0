/**
 * What is wrong with a container, a key or a request for a range. Programs branch on `kind`; each failure has one of its own.
 *
 * - `not-a-container`: neither magic nor FLOE parameters are at the start.
 * - `header-*`: the header ends early, is too long, is malformed, or asks for what this reader does not know.
 * - `header-forged`: the FLOE header does not fit file key and AAD (wrong key, wrong AAD, changed or foreign header).
 * - `wrap-forged`: the LXENC01 file key does not unwrap (wrong master key, or a changed header field).
 * - `*-cut`: the object ends inside a record or segment; `*-length`: a length field that cannot be.
 * - `*-forged`: the tag does not fit: the bytes, their place, the header or the key are not those of the sealing.
 * - `truncated`: whole segments are missing at the end of a FLOE file; `trailing-bytes`: something follows the end.
 * - `size-changed`: the object grew or shrank while it was read, or its plaintext is not of the size that was declared.
 * - `too-large`: more segments or chunks than the format allows.
 * - `range-*`: a caller's range that is not one, or lies outside the file. `key-*`, `aad-*`: a caller's key or AAD that is none.
 */
export const containerErrorKinds = [
  'not-a-container',
  'header-cut',
  'header-length',
  'header-json',
  'header-field-missing',
  'header-field-unknown',
  'header-field-repeated',
  'header-field-type',
  'header-field-encoding',
  'header-field-size',
  'header-version',
  'header-algorithm',
  'header-chunk-size',
  'header-segment-length',
  'header-forged',
  'wrap-forged',
  'segment-cut',
  'segment-length',
  'segment-forged',
  'record-cut',
  'record-length',
  'record-short',
  'record-forged',
  'truncated',
  'trailing-bytes',
  'size-changed',
  'too-large',
  'range-invalid',
  'range-outside',
  'aad-invalid',
  'key-length',
  'key-encoding',
] as const
export type ContainerErrorKind = (typeof containerErrorKinds)[number]

/**
 * A container that does not open, or a request that cannot be met. `offset` is where in the stored object the faulty structure
 * begins, in bytes, or null where the fault is not in the object (a key, a range). Messages never hold key material or plaintext.
 */
export class ContainerError extends Error {
  readonly kind: ContainerErrorKind
  readonly offset: number | null
  constructor(kind: ContainerErrorKind, message: string, offset: number | null = null) {
    super(message)
    this.name = 'ContainerError'
    this.kind = kind
    this.offset = offset
  }
}

/** `message` with the place where a person can find it. */
export function describeContainerError(error: ContainerError): string {
  return error.offset === null ? error.message : `${error.message} (at byte ${error.offset})`
}
