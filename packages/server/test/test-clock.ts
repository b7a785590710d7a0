import { type Clock, systemClock } from '../src/core/clock.ts'

export type TestClock = Clock & {
  advance(milliseconds: number): void
  /** From here on time goes on by `advance` alone, for what is about many things at one moment. */
  stop(): void
}

/** The real time, which can be put forward. */
export function movableClock(): TestClock {
  let ahead = 0
  let stopped: number | null = null
  return {
    now: () => (stopped ?? systemClock.now()) + ahead,
    sleep: systemClock.sleep,
    advance(milliseconds) {
      ahead += milliseconds
    },
    stop() {
      stopped ??= systemClock.now()
    },
  }
}
