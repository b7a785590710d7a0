import type { Destination } from './destination.ts'
import type { Digest } from './digest.ts'

/** Gathers results of any length in a ring of page-aligned memory and writes it out in large blocks, while the next ones are made. */
export interface RingWriter extends AsyncDisposable {
  /** Room for `length` bytes behind what was committed, at most `largest`. Waits until enough of what was there before is written. */
  reserve(length: number): Promise<Uint8Array>
  /** The first `length` bytes of the room are a result. */
  commit(length: number): void
  /** Copies bytes of any length. */
  append(bytes: Uint8Array): Promise<void>
  /** Resolves when everything committed is written (not yet durable). Disposing waits for the writes under way and begins no more. */
  finish(): Promise<void>
}

const BLOCK_BYTES = 2 * 1_048_576
const WASM_PAGE_BYTES = 65_536
/** Blocks in the ring beside those that the largest result needs. Node runs four calls of the system at once, and one is for reading. */
const BLOCKS = 3

/**
 * Memory that begins at a page, as writing past the page cache needs it. It is not shared with other threads: V8 copies into shared
 * memory byte by byte wherever the two sides are not aligned alike, which takes twenty times as long.
 */
function alignedMemory(length: number): Uint8Array {
  const pages = Math.ceil(length / WASM_PAGE_BYTES)
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer)
}

/** As `Promise.all`, but rejects only when nothing is under way any more. */
async function allDone(work: readonly (Promise<void> | undefined)[]): Promise<void> {
  await Promise.allSettled(work)
  await Promise.all(work)
}

/** One call after another; none after one that failed. */
function inTurn(write: (bytes: Uint8Array) => Promise<void>): (bytes: Uint8Array) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (bytes) => {
    last = last.then(() => write(bytes))
    return last
  }
}

type Block = { end: number; done: Promise<void> }

/** Blocks that are being written and hashed, oldest first. Positions count all bytes since the beginning. */
function createBlocks(destination: Destination, digest: Digest | null) {
  const write = destination.kind === 'file' ? destination.write : inTurn((bytes) => destination.write([bytes]))
  const pending: Block[] = []
  let issued = 0
  let freed = 0
  return {
    get issued() {
      return issued
    },
    get freed() {
      return freed
    },
    issue(bytes: Uint8Array): void {
      const done = allDone([write(bytes, issued), digest?.update(bytes)])
      // Whoever waits for the block next hears of a failure; until then it must not count as unheard.
      done.catch(() => {})
      issued += bytes.length
      pending.push({ end: issued, done })
    },
    /** Waits for the oldest block. */
    async free(): Promise<void> {
      await pending[0]!.done
      freed = pending.shift()!.end
    },
    async settle(): Promise<void> {
      await Promise.allSettled(pending.map(({ done }) => done))
    },
  }
}

/** With `digest`, what is written is hashed too. `largest` is the longest result that `reserve` is asked room for. */
export function createRingWriter(options: { destination: Destination; digest: Digest | null; largest: number }): RingWriter {
  const { largest } = options
  const blocks = createBlocks(options.destination, options.digest)
  const capacity = (BLOCKS + Math.ceil(largest / BLOCK_BYTES)) * BLOCK_BYTES
  // A result that begins near the end of the ring runs on behind it and is moved to the front when it is committed.
  const memory = alignedMemory(capacity + largest)
  let committed = 0
  const issue = (length: number) => blocks.issue(memory.subarray(blocks.issued % capacity, (blocks.issued % capacity) + length))
  async function reserve(length: number): Promise<Uint8Array> {
    while (committed + length > blocks.freed + capacity) await blocks.free()
    const at = committed % capacity
    return memory.subarray(at, at + length)
  }
  function commit(length: number): void {
    const over = (committed % capacity) + length - capacity
    if (over > 0) memory.copyWithin(0, capacity, capacity + over)
    committed += length
    while (committed - blocks.issued >= BLOCK_BYTES) issue(BLOCK_BYTES)
  }
  return {
    reserve,
    commit,
    async append(bytes) {
      for (let at = 0; at < bytes.length; at += largest) {
        const piece = bytes.subarray(at, at + largest)
        ;(await reserve(piece.length)).set(piece)
        commit(piece.length)
      }
    },
    async finish() {
      if (committed > blocks.issued) issue(committed - blocks.issued)
      while (blocks.freed < committed) await blocks.free()
    },
    [Symbol.asyncDispose]: blocks.settle,
  }
}
