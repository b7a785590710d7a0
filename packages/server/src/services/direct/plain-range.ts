import type { ByteRange } from '../../core/http-range.ts'
import type { StorageTarget } from '../../storage/target.ts'
import { asDamage } from '../sealed/damage.ts'
import type { PlainRange } from '../sealed/read-plain.ts'
import type { SegmentMemory } from '../sealed/segment-memory.ts'

/** Reads and writes of one download under way at once; each has a buffer of 2 MiB. */
const READS_AHEAD = 2
const OUTGOING = 2

type Buffer = Uint8Array<ArrayBuffer>
type Read = { readonly buffer: Buffer; readonly bytes: Promise<Uint8Array> }

export type PlainSource = {
  readonly target: StorageTarget
  readonly key: string
  readonly range: ByteRange
  readonly memory: SegmentMemory
  readonly signal: AbortSignal
}

/**
 * A range of an object that is stored as it is, its first read done. Rejects with `ObjectDamaged` where the object is missing or shorter.
 * `send` hands the bytes out in order; reading and sending overlap over a few buffers that go round.
 */
export async function openStoredRange(source: PlainSource): Promise<PlainRange> {
  const { target, key, range, memory, signal } = source
  const reads: Read[] = []
  const writes: { readonly buffer: Buffer; readonly done: Promise<void> }[] = []
  let next = range.start

  const begin = (): void => {
    while (next <= range.end && reads.length < READS_AHEAD) {
      const buffer = memory.take()
      const length = Math.min(buffer.length, range.end - next + 1)
      const bytes = target.read(key, next, length, { signal, into: buffer })
      bytes.catch(() => {})
      reads.push({ buffer, bytes })
      next += length
    }
  }
  const release = async (): Promise<void> => {
    const { buffer, done } = writes.shift()!
    await done.finally(() => memory.release(buffer))
  }
  const close = async (): Promise<void> => {
    next = range.end + 1
    await Promise.allSettled([...reads.map((read) => read.bytes), ...writes.map((write) => write.done)])
    for (const { buffer } of [...reads.splice(0), ...writes.splice(0)]) memory.release(buffer)
  }
  begin()
  try {
    await reads[0]?.bytes
  } catch (error) {
    await close()
    throw asDamage(error)
  }
  return {
    async send(sink) {
      try {
        while (reads.length > 0) {
          const bytes = await reads[0]!.bytes
          const { buffer } = reads.shift()!
          const done = sink.write(bytes)
          done.catch(() => {})
          writes.push({ buffer, done })
          if (writes.length >= OUTGOING) await release()
          begin()
        }
        while (writes.length > 0) await release()
      } catch (error) {
        throw asDamage(error)
      }
    },
    [Symbol.asyncDispose]: close,
  }
}
