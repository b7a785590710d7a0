import type { SealedObject } from './sealed-object.ts'
import { type SegmentMemory, WINDOW_SEGMENTS } from './segment-memory.ts'

/** Windows of one reader that go round: one is read, one opened, one on its way out. */
const WINDOWS = 3

type Window = { buffer: Uint8Array<ArrayBuffer>; bytes: Promise<Uint8Array>; out: Promise<unknown> }

/** The stored bytes of a run of segments, asked for one after the other and read ahead, a few segments with one call. */
export interface Windows {
  /** A segment as it was read, and the memory that it may be opened into. Both hold until the window has come round. */
  segment(index: number): Promise<{ stored: Uint8Array; place: Uint8Array }>
  /** The memory of the segment that was asked for last is in use until `writing` settles. */
  lend(writing: Promise<void>): void
  /** Resolves when all that was lent is back; rejects where one writing did. */
  returned(): Promise<unknown>
  /** Resolves when no read or writing is under way; gives the buffers back. */
  stop(): Promise<void>
}

/** Begins to read the run of segments. Whoever is done with it, or gives it up, calls `stop`. */
export function readWindows(
  sealed: SealedObject,
  span: { first: number; last: number },
  options: { memory: SegmentMemory; signal: AbortSignal },
): Windows {
  const { memory, signal } = options
  const { segmentLength } = sealed.geometry
  const count = Math.ceil((span.last - span.first + 1) / WINDOW_SEGMENTS)
  const ring: Window[] = []
  let begun = 0
  let current = 0

  const begin = (): void => {
    if (begun >= count) return
    const window = ring[begun % WINDOWS] ?? { buffer: memory.take(), bytes: Promise.resolve(new Uint8Array()), out: Promise.resolve() }
    ring[begun % WINDOWS] = window
    const first = span.first + begun * WINDOW_SEGMENTS
    const run = { first, last: Math.min(span.last, first + WINDOW_SEGMENTS - 1) }
    window.bytes = window.out.then(() => sealed.readSegments(run, window.buffer, signal))
    // Whoever waits for it hears of a failure; until then it must not count as unhandled.
    window.bytes.catch(() => {})
    begun += 1
  }
  for (let n = 0; n < WINDOWS; n += 1) begin()
  return {
    async segment(index) {
      const wanted = Math.floor((index - span.first) / WINDOW_SEGMENTS)
      if (wanted > current) begin()
      current = wanted
      const { buffer, bytes } = ring[wanted % WINDOWS]!
      const at = ((index - span.first) % WINDOW_SEGMENTS) * segmentLength
      return { stored: (await bytes).subarray(at, at + segmentLength), place: buffer.subarray(at, at + segmentLength) }
    },
    lend(writing) {
      const window = ring[current % WINDOWS]!
      window.out = Promise.all([window.out, writing])
      window.out.catch(() => {})
    },
    returned: () => Promise.all(ring.map((window) => window.out)),
    async stop() {
      begun = count
      await Promise.allSettled(ring.flatMap(({ bytes, out }) => [bytes, out]))
      for (const { buffer } of ring.splice(0)) memory.release(buffer)
    },
  }
}
