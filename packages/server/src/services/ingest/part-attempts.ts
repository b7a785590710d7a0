import { Problem } from '@holdfast/api'

/** One attempt to write one part, while it runs. */
export type PartAttempt = AsyncDisposable & {
  /** Fires when a later attempt at the same part, or the end of the upload, takes the part away. */
  readonly signal: AbortSignal
}

/** The attempts that run in this process. */
export interface PartAttempts {
  /** Attempts that run now. */
  readonly running: number
  /**
   * Begins an attempt. An earlier one at the same part is cut off first, and this one starts only when nothing of it can reach the target
   * any more, so that two never mix their bytes. TOO_MANY_UPLOADS where too many run already.
   */
  begin(uploadId: string, number: number): Promise<PartAttempt>
  /** Cuts off all attempts of an upload; resolves when none of them can write any more. */
  stop(uploadId: string): Promise<void>
}

type Running = { readonly controller: AbortController; readonly settled: PromiseWithResolvers<void> }

/** The last attempt that is acknowledged wins: this one was overtaken. */
const overtaken = (): Problem => new Problem('CONFLICT', 'The same part was sent again meanwhile. The later attempt counts.')
const closed = (): Problem => new Problem('UPLOAD_CLOSED', 'The upload was cancelled while this part was arriving.')

const RETRY_AFTER_SECONDS = 2

export function createPartAttempts(limit: number): PartAttempts {
  const byUpload = new Map<string, Map<number, Running>>()
  let running = 0

  const leave = (uploadId: string, number: number, attempt: Running): void => {
    running -= 1
    attempt.settled.resolve()
    const parts = byUpload.get(uploadId)
    if (parts?.get(number) === attempt) parts.delete(number)
    if (parts?.size === 0) byUpload.delete(uploadId)
  }

  return {
    get running() {
      return running
    },
    async begin(uploadId, number) {
      if (running >= limit) {
        throw new Problem('TOO_MANY_UPLOADS', `The server takes ${limit} parts at once. Send this one again in a moment.`, {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        })
      }
      running += 1
      const attempt: Running = { controller: new AbortController(), settled: Promise.withResolvers() }
      const parts = byUpload.get(uploadId) ?? new Map<number, Running>()
      byUpload.set(uploadId, parts)
      const earlier = parts.get(number)
      parts.set(number, attempt)
      earlier?.controller.abort(overtaken())
      await earlier?.settled.promise
      return {
        signal: attempt.controller.signal,
        async [Symbol.asyncDispose]() {
          leave(uploadId, number, attempt)
        },
      }
    },
    async stop(uploadId) {
      const all = [...(byUpload.get(uploadId)?.values() ?? [])]
      for (const attempt of all) attempt.controller.abort(closed())
      await Promise.all(all.map((attempt) => attempt.settled.promise))
    },
  }
}
