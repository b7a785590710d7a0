import { type InclusiveRange, segmentsCovering, sliceOfSegment } from '@holdfast/container'
import type { SealedObject } from './sealed-object.ts'
import type { SegmentMemory } from './segment-memory.ts'

type Buffer = Uint8Array<ArrayBuffer>

/** Where plaintext goes. The bytes stay as they are until the promise settles; it rejects where the receiver is gone. */
export interface PlainSink {
  write(bytes: Uint8Array): Promise<void>
}

/** Segments read ahead of the one that is opened, and plaintext segments on their way out. */
const READ_AHEAD = 2
const OUTGOING = 3

type Slot = { buffer: Buffer; idle: Promise<void> }

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
  const { memory, signal } = options
  const { first, last } = segmentsCovering(sealed.geometry, range)
  const count = last - first + 1
  const ahead = readAhead(sealed, { first, last }, { memory, signal })
  const slots: Slot[] = Array.from({ length: Math.min(OUTGOING, count) }, () => ({ buffer: memory.take(), idle: Promise.resolve() }))

  const open = async (index: number): Promise<{ slot: Slot; plain: Uint8Array }> => {
    const slot = slots[(index - first) % slots.length]!
    await slot.idle
    const plain = sealed.openSegment(index, await ahead.next(), slot.buffer)
    ahead.done()
    const { from, to } = sliceOfSegment(sealed.geometry, range, index)
    return { slot, plain: plain.subarray(from, to) }
  }
  const close = async (): Promise<void> => {
    await Promise.allSettled([ahead.stop(), ...slots.map((slot) => slot.idle)])
    for (const slot of slots.splice(0)) memory.release(slot.buffer)
  }
  try {
    const opened = await open(first)
    return {
      async send(sink) {
        let { slot, plain } = opened
        for (let index = first; ; ) {
          slot.idle = sink.write(plain)
          // Whoever waits for it hears of a failure; until then it must not count as unhandled.
          slot.idle.catch(() => {})
          index += 1
          if (index > last) break
          ;({ slot, plain } = await open(index))
        }
        await Promise.all(slots.map((each) => each.idle))
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface ReadAhead {
  /** The stored bytes of the next segment, valid until `done`. */
  next(): Promise<Uint8Array>
  done(): void
  /** Resolves when no read is under way; gives the buffers back. */
  stop(): Promise<void>
}

function readAhead(
  sealed: SealedObject,
  span: { first: number; last: number },
  options: { memory: SegmentMemory; signal: AbortSignal },
): ReadAhead {
  const { memory, signal } = options
  const free = Array.from({ length: Math.min(READ_AHEAD, span.last - span.first + 1) }, () => memory.take())
  const queue: { buffer: Buffer; bytes: Promise<Uint8Array> }[] = []
  let nextIndex = span.first
  let current: Buffer | null = null

  const fill = (): void => {
    while (free.length > 0 && nextIndex <= span.last) {
      const buffer = free.pop()!
      const bytes = sealed.readSegment(nextIndex, buffer, signal)
      bytes.catch(() => {})
      queue.push({ buffer, bytes })
      nextIndex += 1
    }
  }
  fill()
  return {
    async next() {
      const entry = queue.shift()!
      current = entry.buffer
      return await entry.bytes
    },
    done() {
      if (current) free.push(current)
      current = null
      fill()
    },
    async stop() {
      nextIndex = span.last + 1
      await Promise.allSettled(queue.map((entry) => entry.bytes))
      const all = [...free.splice(0), ...queue.splice(0).map((entry) => entry.buffer), ...(current ? [current] : [])]
      current = null
      for (const buffer of all) memory.release(buffer)
    },
  }
}
