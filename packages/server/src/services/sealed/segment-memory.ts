import { SEGMENT_STORED_BYTES } from '@holdfast/api'

/** Buffers of one segment each, kept from one reader to the next: fresh ones of this size are faulted in page by page. */
export interface SegmentMemory {
  take(): Uint8Array<ArrayBuffer>
  /** Gives a buffer back; its content may change from then on. */
  release(buffer: Uint8Array<ArrayBuffer>): void
}

export function createSegmentMemory(keep: number): SegmentMemory {
  const kept: Uint8Array<ArrayBuffer>[] = []
  return {
    take: () => kept.pop() ?? new Uint8Array(SEGMENT_STORED_BYTES),
    release(buffer) {
      // A buffer that was transferred elsewhere comes back empty.
      if (kept.length < keep && buffer.byteLength === SEGMENT_STORED_BYTES) kept.push(buffer)
    },
  }
}
