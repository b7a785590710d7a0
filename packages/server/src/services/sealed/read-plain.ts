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

/**
 * Sends the plaintext of `range` to `sink`, in order, segment by segment, each only once it is authenticated: reading ahead, opening and
 * sending overlap, over a few buffers that go round. Rejects at the first segment that does not open; what was sent until then is right.
 */
export async function sendPlain(
  sealed: SealedObject,
  range: InclusiveRange,
  options: { sink: PlainSink; memory: SegmentMemory; signal: AbortSignal },
): Promise<void> {
  const { sink, memory, signal } = options
  const { first, last } = segmentsCovering(sealed.geometry, range)
  const count = last - first + 1
  const ahead = readAhead(sealed, { first, last }, { memory, signal })
  const slots: Slot[] = Array.from({ length: Math.min(OUTGOING, count) }, () => ({ buffer: memory.take(), idle: Promise.resolve() }))
  try {
    for (let index = first; index <= last; index += 1) {
      const slot = slots[(index - first) % slots.length]!
      await slot.idle
      const stored = await ahead.next()
      const plain = sealed.openSegment(index, stored, slot.buffer)
      ahead.done()
      const { from, to } = sliceOfSegment(sealed.geometry, range, index)
      slot.idle = sink.write(plain.subarray(from, to))
      // Whoever waits for it hears of a failure; until then it must not count as unhandled.
      slot.idle.catch(() => {})
    }
    await Promise.all(slots.map((slot) => slot.idle))
  } finally {
    await Promise.allSettled([ahead.stop(), ...slots.map((slot) => slot.idle)])
    for (const slot of slots) memory.release(slot.buffer)
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
      for (const buffer of [...free, ...queue.map((entry) => entry.buffer), ...(current ? [current] : [])]) memory.release(buffer)
    },
  }
}
