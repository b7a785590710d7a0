import { CommandFailure } from '../failure.ts'
import { type FileInput, readFully } from './input.ts'

/** A stretch of the input in memory that other threads may read. */
export type Batch = {
  readonly bytes: Uint8Array
  /** Gives the memory back for reading on. */
  release(): void
}
export type Stretch = { readonly offset: number; readonly length: number }

/** Takes batches of a file in order. Disposing waits for the reads under way and begins no more. */
export interface ReadAhead extends AsyncDisposable {
  /** Batches that may be held unreleased without `next` having to wait for one. */
  readonly slack: number
  /** The next batch. At least one batch must be released. @throws where the file is shorter than it was. */
  next(): Promise<Batch>
}

async function readStretch(input: FileInput, bytes: Uint8Array, { offset, length }: Stretch): Promise<Uint8Array> {
  if ((await readFully(input.descriptor, bytes, offset)) === length) return bytes
  throw new CommandFailure(`${input.name}: it became shorter while it was being read`)
}

const MEMORY_BYTES = 8 * 1_048_576
const SLOTS = 8
/** Node runs four calls of the system at once: the others are left for writing, which would have to wait behind all reads. */
const READS_AT_ONCE = 2

/** Reads `stretches`, none longer than `longest`, a few ahead of whoever takes them. */
export function createReadAhead(input: FileInput, stretches: Iterator<Stretch>, longest: number): ReadAhead {
  const slots = Math.max(2, Math.min(SLOTS, Math.floor(MEMORY_BYTES / longest)))
  const free = Array.from<unknown, Uint8Array>({ length: slots }, () => new Uint8Array(new SharedArrayBuffer(longest)))
  const coming: Promise<Batch>[] = []
  const lanes: Promise<unknown>[] = Array(READS_AT_ONCE).fill(Promise.resolve())
  let closed = false
  async function read(slot: Uint8Array, stretch: Stretch): Promise<Batch> {
    const bytes = await readStretch(input, slot.subarray(0, stretch.length), stretch)
    const release = () => {
      free.push(slot)
      readOn()
    }
    return { bytes, release }
  }
  function readOn(): void {
    while (free.length > 0 && !closed) {
      const stretch = stretches.next()
      if (stretch.done) return
      const slot = free.pop()!
      const batch = lanes.shift()!.then(() => read(slot, stretch.value))
      // Whoever takes the batch hears of a failure; until then it must not count as unheard.
      lanes.push(batch.catch(() => {}))
      coming.push(batch)
    }
  }
  readOn()
  return {
    slack: slots / 2,
    async next() {
      const batch = coming.shift()
      if (batch === undefined) throw new RangeError('There is no further batch')
      return await batch
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await Promise.allSettled(coming)
    },
  }
}
