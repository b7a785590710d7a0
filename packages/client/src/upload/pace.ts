import { ApiProblem, NetworkProblem } from '../problem.ts'
import type { Connectivity } from './connectivity.ts'
import type { WaitReason } from './state.ts'

/** Times in milliseconds. */
export type RetryTuning = {
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  /** Nothing has succeeded for this long, over several attempts, while the platform says it is online. Time spent offline does not count. */
  readonly giveUpAfterMs: number
}

export type Pause = { readonly reason: WaitReason; readonly until: number | null }

/**
 * Runs the network calls of one upload, all lanes of it. What fails in passing is tried again under one shared pause, so that a server
 * that comes back is not met by every lane at its own rhythm.
 */
export interface Pace {
  /** Runs `work` until it succeeds. @throws what can't be mended by waiting, and the reason of the run's signal or of `stop`. */
  persist<T>(work: () => Promise<T>, stop?: AbortSignal): Promise<T>
  /** The pause that everything waits for now; null while at least one call is under way. */
  pause(): Pause | null
}

export type PaceOptions = {
  readonly tuning: RetryTuning
  readonly connectivity: Connectivity
  readonly signal: AbortSignal
  readonly onChange: () => void
}

export const createPace = (options: PaceOptions): Pace => new SharedPace(options)

const ATTEMPTS_BEFORE_GIVING_UP = 5
/** While offline the network is tried this often all the same: platforms are wrong about it at times. */
const OFFLINE_PROBE_MS = 30_000
const passing: readonly number[] = [408, 425, 429, 500, 502, 503, 504]

const mayPass = (error: unknown): boolean =>
  error instanceof NetworkProblem || (error instanceof ApiProblem && passing.includes(error.status))
const hasStatus = (error: unknown, status: number): boolean => error instanceof ApiProblem && error.status === status

class SharedPace implements Pace {
  readonly #options: PaceOptions
  #standing: (Pause & { readonly over: Promise<void> }) | null = null
  /** Counts pauses: of the lanes that fail together, the first makes the pause. */
  #round = 0
  #failures = 0
  #failingSince: number | null = null
  #active = 0

  constructor(options: PaceOptions) {
    this.#options = options
  }

  async persist<T>(work: () => Promise<T>, stop?: AbortSignal): Promise<T> {
    for (;;) {
      while (this.#standing !== null && stop?.aborted !== true) await orAborted(this.#standing.over, stop)
      this.#options.signal.throwIfAborted()
      stop?.throwIfAborted()
      const done = await this.#attempt(work)
      if (done !== null) return done.value
    }
  }

  pause(): Pause | null {
    if (this.#standing === null || this.#active > 0) return null
    return { reason: this.#standing.reason, until: this.#standing.until }
  }

  async #attempt<T>(work: () => Promise<T>): Promise<{ value: T } | null> {
    const startedIn = this.#round
    this.#active += 1
    try {
      const value = await work()
      this.#succeeded()
      return { value }
    } catch (error) {
      this.#options.signal.throwIfAborted()
      if (!mayPass(error)) throw error
      if (startedIn === this.#round) this.#failed(error)
      return null
    } finally {
      this.#active -= 1
      this.#options.onChange()
    }
  }

  #succeeded(): void {
    this.#failures = 0
    this.#failingSince = null
  }

  /** Makes the pause that follows a failure. @throws `error` where it has lasted too long. */
  #failed(error: unknown): void {
    const { tuning, connectivity } = this.#options
    if (error instanceof NetworkProblem && !connectivity.online()) {
      this.#stand('offline', OFFLINE_PROBE_MS)
      return
    }
    this.#failures += 1
    this.#failingSince ??= Date.now()
    const often = this.#failures >= ATTEMPTS_BEFORE_GIVING_UP
    const tooLong = often && Date.now() - this.#failingSince > tuning.giveUpAfterMs && !hasStatus(error, 429)
    const broken = this.#failures > ATTEMPTS_BEFORE_GIVING_UP && hasStatus(error, 500)
    if (tooLong || broken) throw error
    this.#stand(hasStatus(error, 429) ? 'busy' : 'unreachable', this.#waitAfter(error))
  }

  /** What the server says in Retry-After, or twice the last wait; in milliseconds, with jitter. */
  #waitAfter(error: unknown): number {
    const { firstRetryMs, longestRetryMs } = this.#options.tuning
    const told = error instanceof ApiProblem ? error.retryAfterSeconds : null
    if (told !== null) return told * 1000 + Math.random() * firstRetryMs
    return Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1)) * (0.5 + Math.random() / 2)
  }

  #stand(reason: WaitReason, milliseconds: number): void {
    const { connectivity, signal, onChange } = this.#options
    const offline = reason === 'offline'
    const over = waitFor(offline ? connectivity : null, milliseconds, signal).then(() => {
      this.#standing = null
      if (offline) this.#succeeded()
      onChange()
    })
    this.#round += 1
    this.#standing = { reason, until: offline ? null : Date.now() + milliseconds, over }
  }
}

/** Resolves with `wait` or when `stop` fires, whichever comes first. */
function orAborted(wait: Promise<void>, stop: AbortSignal | undefined): Promise<void> {
  if (stop === undefined) return wait
  return new Promise((resolve) => {
    const done = () => {
      stop.removeEventListener('abort', done)
      resolve()
    }
    stop.addEventListener('abort', done, { once: true })
    void wait.then(done)
  })
}

/** Resolves after `milliseconds`, earlier when the network comes back, or when `signal` fires: never rejects. */
function waitFor(connectivity: Connectivity | null, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, milliseconds)
    const unsubscribe = connectivity?.onOnline(finish) ?? (() => {})
    signal.addEventListener('abort', finish, { once: true })
    if (signal.aborted) finish()
  })
}
