import type { Clock } from '../core/clock.ts'

/** Lets a loop sleep until it is due or somebody rings. */
export interface WakeUp {
  /** Ends the wait that is under way, or the next one where there is none. */
  ring(): void
  /** Resolves after `milliseconds` or at a ring, whichever is first. For one waiting loop. */
  wait(milliseconds: number): Promise<void>
}

export function wakeUp(clock: Clock): WakeUp {
  let rung = false
  let sleeping: AbortController | null = null
  return {
    ring() {
      rung = true
      sleeping?.abort()
    },
    async wait(milliseconds) {
      if (!rung) {
        sleeping = new AbortController()
        // Rejects when it is rung, which is what it is for.
        await clock.sleep(milliseconds, sleeping.signal).catch(() => {})
        sleeping = null
      }
      rung = false
    },
  }
}
