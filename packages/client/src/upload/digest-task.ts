import type { UploadSource } from './source.ts'

/** One reading of the whole file, running beside the transfer. */
export interface DigestTask {
  /** SHA-256 of part `number`, as soon as the reading has passed it. */
  part(number: number): Promise<string>
  /** The same if it is known by now. */
  knownPart(number: number): string | undefined
  /** SHA-256 of the whole file. */
  readonly whole: Promise<string>
  hashedBytes(): number
  finished(): boolean
  stop(): void
}

/** Every promise of the task rejects when the reading fails or `signal` fires; one that nobody awaits stays silent. */
export function startDigest(source: UploadSource, partSize: number, options: { signal: AbortSignal; onProgress: () => void }): DigestTask {
  const stopper = new AbortController()
  const known = new Map<number, string>()
  const asked = new Map<number, PromiseWithResolvers<string>>()
  let hashed = 0
  let finished = false
  const whole = source.digest({
    partSize,
    signal: AbortSignal.any([options.signal, stopper.signal]),
    onPart(number, sha256) {
      known.set(number, sha256)
      asked.get(number)?.resolve(sha256)
    },
    onProgress(bytes) {
      hashed = bytes
      options.onProgress()
    },
  })
  whole.then(
    () => {
      finished = true
    },
    (error) => {
      for (const waiting of asked.values()) waiting.reject(error)
    },
  )
  return {
    part(number) {
      const sha256 = known.get(number)
      if (sha256 !== undefined) return Promise.resolve(sha256)
      const waiting = asked.get(number) ?? Promise.withResolvers<string>()
      asked.set(number, waiting)
      return Promise.race([waiting.promise, whole.then(() => waiting.promise)])
    },
    knownPart: (number) => known.get(number),
    whole,
    hashedBytes: () => hashed,
    finished: () => finished,
    stop: () => stopper.abort(new DOMException('The reading is no longer needed', 'AbortError')),
  }
}
