import { setTimeout as sleep } from 'node:timers/promises'

/** The only source of time. Milliseconds since the epoch. */
export interface Clock {
  now(): number
  /** Resolves after `milliseconds`, rejects with the signal's reason when it fires first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    try {
      await sleep(milliseconds, undefined, signal ? { signal } : {})
    } catch (error) {
      // Node rejects with an AbortError of its own and keeps the reason as its cause.
      signal?.throwIfAborted()
      throw error
    }
  },
}

export const toIso = (milliseconds: number): string => new Date(milliseconds).toISOString()
export const toIsoOrNull = (milliseconds: number | null): string | null => (milliseconds === null ? null : toIso(milliseconds))
