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

const ATTEMPTS_BEFORE_GIVING_UP = 5
/** While offline the network is tried this often all the same: platforms are wrong about it at times. */
const OFFLINE_PROBE_MS = 30_000
const passing: readonly number[] = [408, 425, 429, 500, 502, 503, 504]

const mayPass = (error: unknown): boolean =>
  error instanceof NetworkProblem || (error instanceof ApiProblem && passing.includes(error.status))

export type PaceOptions = {
  readonly tuning: RetryTuning
  readonly connectivity: Connectivity
  readonly signal: AbortSignal
  readonly onChange: () => void
}

export function createPace({ tuning, connectivity, signal, onChange }: PaceOptions): Pace {
  let standing: (Pause & { over: Promise<void> }) | null = null
  let round = 0
  let failures = 0
  let failingSince: number | null = null
  let active = 0

  function succeeded(): void {
    failures = 0
    failingSince = null
  }

  function stand(reason: WaitReason, milliseconds: number): void {
    const until = reason === 'offline' ? null : Date.now() + milliseconds
    const over = waitFor(reason === 'offline' ? connectivity : null, milliseconds, signal).then(() => {
      standing = null
      if (reason === 'offline') succeeded()
      onChange()
    })
    round += 1
    standing = { reason, until, over }
  }

  function failed(error: unknown, startedIn: number): void {
    if (!mayPass(error)) throw error
    if (startedIn !== round) return
    const busy = error instanceof ApiProblem && error.status === 429
    if (error instanceof NetworkProblem && !connectivity.online()) {
      stand('offline', OFFLINE_PROBE_MS)
      return
    }
    failures += 1
    failingSince ??= Date.now()
    const tooLong = failures >= ATTEMPTS_BEFORE_GIVING_UP && Date.now() - failingSince > tuning.giveUpAfterMs
    const broken = error instanceof ApiProblem && error.status === 500 && failures > ATTEMPTS_BEFORE_GIVING_UP
    if ((tooLong && !busy) || broken) throw error
    const backoff = Math.min(tuning.longestRetryMs, tuning.firstRetryMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)
    const told = error instanceof ApiProblem ? error.retryAfterSeconds : null
    stand(busy ? 'busy' : 'unreachable', told === null ? backoff : told * 1000 + Math.random() * tuning.firstRetryMs)
  }

  async function attempt<T>(work: () => Promise<T>): Promise<{ value: T } | null> {
    const startedIn = round
    active += 1
    try {
      const value = await work()
      succeeded()
      return { value }
    } catch (error) {
      signal.throwIfAborted()
      failed(error, startedIn)
      return null
    } finally {
      active -= 1
      onChange()
    }
  }

  return {
    async persist(work, stop) {
      for (;;) {
        while (standing !== null && stop?.aborted !== true) await orAborted(standing.over, stop)
        signal.throwIfAborted()
        stop?.throwIfAborted()
        const done = await attempt(work)
        if (done !== null) return done.value
      }
    },
    pause: () => (standing !== null && active === 0 ? { reason: standing.reason, until: standing.until } : null),
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
