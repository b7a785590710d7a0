/** The bytes under validation, wherever they lie. */
export type ByteSource = {
  readonly size: number
  /** Exactly `length` bytes from `offset`. Callers ask for 1 MiB at most, and for one window at a time. */
  read(offset: number, length: number, options: { signal: AbortSignal }): Promise<Uint8Array>
}

export type ValidationRequest = {
  readonly source: ByteSource
  /** As the sender called it; `type/subtype`, parameters are ignored. */
  readonly declaredType: string
  readonly fileName: string
  readonly signal: AbortSignal
}

export type ValidationReason = {
  /** Stable, for programs: `type-mismatch`, `svg-script`, … (docs/operate lists them). */
  readonly code: string
  /** For the person who sent the file: what is wrong and what to do about it. Holds no bytes of the file but short, cleaned names. */
  readonly message: string
  /** Where: a line, an element, an entry's name or an offset. */
  readonly at: string | null
}

export type ValidationResult = {
  readonly ok: boolean
  /** What the bytes are, whatever was declared; null where nothing is recognised, as with text. */
  readonly detectedType: string | null
  /** Empty exactly where `ok`. */
  readonly reasons: readonly ValidationReason[]
}

/**
 * Judges files by their bytes. A file that cannot be judged (too long, too deep, too big, a parser that fell over) is not `ok`, with the
 * reason. `validate` rejects only where `source.read` does or `signal` fires: then nothing is known of the file and the call may be repeated.
 */
export interface Validator extends AsyncDisposable {
  validate(request: ValidationRequest): Promise<ValidationResult>
}
