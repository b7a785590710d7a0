import { PART_SEGMENTS, SEGMENT_STORED_BYTES } from '@holdfast/api'
import { FLOE_HEADER_BYTES } from '@holdfast/container'
import type { StorageTarget, WriteBuffer, WriteMemory } from '../../storage/target.ts'

/** The largest driver part: eight segments with the header in front. */
export const DRIVER_PART_BYTES = FLOE_HEADER_BYTES + PART_SEGMENTS * SEGMENT_STORED_BYTES

/** Buffers that driver parts are sealed into. */
export interface PartMemory {
  /** The buffer that every attempt may have, so that each makes progress, however slow the senders of the others are. */
  first(target: StorageTarget, place: Place): WriteBuffer
  /** One more, to fill while the first is being written; null while as many as allowed are lent out. */
  spare(target: StorageTarget, place: Place): WriteBuffer | null
}
type Place = { readonly offset: number; readonly length: number }

/** Ordinary memory that is kept for the next part instead of being given back and faulted in again. */
function createKeptMemory(keep: number): WriteMemory {
  const kept: Uint8Array[] = []
  return {
    take(_offset, length) {
      const whole = kept.pop() ?? new Uint8Array(DRIVER_PART_BYTES)
      let lent = true
      const release = (): void => {
        if (lent && kept.length < keep) kept.push(whole)
        lent = false
      }
      return { bytes: whole.subarray(0, length), release, [Symbol.dispose]: release }
    },
  }
}

/**
 * Memory for the parts in flight, shared by all of them: `buffers` of 8 MiB, or one for each attempt where there are more attempts. With
 * that many senders there is always another one to seal for while a part is written, and a second buffer for each only fills memory.
 * A target with memory of its own lends that.
 */
export function createPartMemory(buffers: number): PartMemory {
  const ordinary = createKeptMemory(buffers)
  let lentOut = 0
  const lend = (target: StorageTarget, place: Place): WriteBuffer => {
    const buffer = (target.memory ?? ordinary).take(place.offset, place.length)
    lentOut += 1
    let lent = true
    const release = (): void => {
      buffer.release()
      if (lent) lentOut -= 1
      lent = false
    }
    return { bytes: buffer.bytes, release, [Symbol.dispose]: release }
  }
  return {
    first: lend,
    spare: (target, place) => (lentOut >= buffers ? null : lend(target, place)),
  }
}
