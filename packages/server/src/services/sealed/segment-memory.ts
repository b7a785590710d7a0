import { SEGMENT_STORED_BYTES } from '@holdfast/api'

/** Neighbouring segments that are read with one call: each call costs some turns of the thread pool, or a round trip. */
export const WINDOW_SEGMENTS = 2
const WINDOW_BYTES = WINDOW_SEGMENTS * SEGMENT_STORED_BYTES

/** Buffers of a few segments each, kept from one reader to the next: fresh ones of this size are faulted in page by page. */
export interface SegmentMemory {
  /** Room for `WINDOW_SEGMENTS` segments. */
  take(): Uint8Array<ArrayBuffer>
  /** Gives a buffer back; its content may change from then on. */
  release(buffer: Uint8Array<ArrayBuffer>): void
}

export function createSegmentMemory(keep: number): SegmentMemory {
  const kept: Uint8Array<ArrayBuffer>[] = []
  return {
    take: () => kept.pop() ?? new Uint8Array(WINDOW_BYTES),
    release(buffer) {
      // A buffer that was transferred elsewhere comes back empty.
      if (kept.length < keep && buffer.byteLength === WINDOW_BYTES) kept.push(buffer)
    },
  }
}
