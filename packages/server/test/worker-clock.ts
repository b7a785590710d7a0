import type { Clock } from '../src/core/clock.ts'

export interface ManualClock extends Clock {
  /** Lets time pass; sleepers that are due wake in order. */
  advance(milliseconds: number): void
}

/** A clock that stands still until it is told to go on. */
export function manualClock(start = 1_800_000_000_000): ManualClock {
  let now = start
  const sleepers = new Set<{ at: number; wake: () => void }>()
  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        if (milliseconds <= 0) return resolve()
        const sleeper = { at: now + milliseconds, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      }),
    advance(milliseconds) {
      now += milliseconds
      for (const sleeper of [...sleepers].sort((a, b) => a.at - b.at)) {
        if (sleeper.at > now) return
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
  }
}
