import { type Clock, systemClock } from '../core/clock.ts'
import { createValidationLane, type ValidationLane } from './validation-lane.ts'

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
 * reason. `validate` rejects only where `source.read` does, `signal` fires or its process is stopped from outside: then nothing is known of the file and the call may be repeated.
 */
export interface Validator extends AsyncDisposable {
  validate(request: ValidationRequest): Promise<ValidationResult>
}

export type ValidatorOptions = {
  readonly clock?: Clock
  /** Files judged at once, each in a process of its own; more wait. */
  readonly processes?: number
  /** What a file may take of a process's time, in milliseconds. Waiting for the source does not count. */
  readonly deadline?: number
  /** The heap of a process, in mebibytes. Bytes of files come on top. */
  readonly heapMb?: number
  /** All of the memory of a process, in mebibytes: heap, bytes of a file, what it unpacks to, native code. */
  readonly memoryMb?: number
}

/** Processes start with the first file, serve one after another, and are replaced where a file broke them. */
export function createValidator(options: ValidatorOptions = {}): Validator {
  const { clock = systemClock, processes = 1, deadline = 60_000, heapMb = 256, memoryMb = 1024 } = options
  const lanes: ValidationLane[] = Array.from({ length: processes }, () => createValidationLane({ clock, deadline, heapMb, memoryMb }))
  return {
    validate(request) {
      const lane = lanes.reduce((least, candidate) => (candidate.waiting < least.waiting ? candidate : least))
      return lane.validate(request)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()))
    },
  }
}
