import { type InclusiveRange, segmentsCovering, sliceOfSegment } from '@holdfast/container'
import { readWindows } from './read-windows.ts'
import type { SealedObject } from './sealed-object.ts'
import type { SegmentMemory } from './segment-memory.ts'

/** Where plaintext goes. The bytes stay as they are until the promise settles; it rejects where the receiver is gone. */
export interface PlainSink {
  write(bytes: Uint8Array): Promise<void>
}

/** The plaintext of a range, of which the first segment is authenticated already. Disposing gives the buffers back. */
export interface PlainRange extends AsyncDisposable {
  /**
   * Sends the range to `sink`, in order, segment by segment, each only once it is authenticated: reading ahead, opening and sending
   * overlap, over a few buffers that go round. Rejects at the first segment that does not open; what was sent until then is right.
   */
  send(sink: PlainSink): Promise<void>
}

/** Opens a range up to its first segment. Rejects with `ObjectDamaged` where that one does not open. */
export async function openPlainRange(
  sealed: SealedObject,
  range: InclusiveRange,
  options: { memory: SegmentMemory; signal: AbortSignal },
): Promise<PlainRange> {
  const { first, last } = segmentsCovering(sealed.geometry, range)
  const windows = readWindows(sealed, { first, last }, options)

  const open = async (index: number): Promise<Uint8Array> => {
    const { stored, place } = await windows.segment(index)
    // In its place: plaintext needs no memory of its own, and what was just read is written while it is still in the cache.
    const plain = sealed.openSegment(index, stored, place)
    const { from, to } = sliceOfSegment(sealed.geometry, range, index)
    return plain.subarray(from, to)
  }
  try {
    const opened = await open(first)
    return {
      async send(sink) {
        let plain = opened
        for (let index = first; ; ) {
          windows.lend(sink.write(plain))
          index += 1
          if (index > last) break
          plain = await open(index)
        }
        await windows.returned()
      },
      [Symbol.asyncDispose]: () => windows.stop(),
    }
  } catch (error) {
    await windows.stop()
    throw error
  }
}
