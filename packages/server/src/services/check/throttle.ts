import type { Clock } from '../../core/clock.ts'

/** Resolves as soon as `bytes` more may have been read. */
export type Throttle = (bytes: number, signal: AbortSignal) => Promise<void>

/** Holds reading to a rate over time, without saving up for what was slow before; 0: as fast as it goes. */
export function createThrottle(clock: Clock, bytesPerSecond: number): Throttle {
  let free = clock.now()
  return async (bytes, signal) => {
    if (bytesPerSecond === 0) return
    free = Math.max(free, clock.now()) + (bytes / bytesPerSecond) * 1000
    const wait = free - clock.now()
    if (wait > 0) await clock.sleep(wait, signal)
  }
}
