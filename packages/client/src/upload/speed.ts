const WINDOW_MS = 6000
const NEEDED_MS = 700

/** Bytes a second over the last seconds, for people; null until there is enough to go by. */
export interface SpeedMeter {
  add(bytes: number): void
  bytesPerSecond(): number | null
}

export function createSpeedMeter(now: () => number = () => performance.now()): SpeedMeter {
  let samples: { at: number; bytes: number }[] = []
  const startedAt = now()
  return {
    add(bytes) {
      const at = now()
      const last = samples.at(-1)
      if (last !== undefined && at - last.at < 100) last.bytes += bytes
      else samples.push({ at, bytes })
    },
    bytesPerSecond() {
      const at = now()
      samples = samples.filter((sample) => at - sample.at <= WINDOW_MS)
      const span = Math.min(WINDOW_MS, at - startedAt)
      if (span < NEEDED_MS || samples.length === 0) return null
      return (samples.reduce((sum, sample) => sum + sample.bytes, 0) / span) * 1000
    },
  }
}
