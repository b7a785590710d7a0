import type { StorageTarget } from '../../storage/target.ts'
import type { DigestPool } from '../ingest/digest-pool.ts'
import { asDamage } from '../sealed/damage.ts'

/** Bytes of one read, and reads under way at once: enough to keep a network busy while a thread hashes. */
const PIECE_BYTES = 8 * 1024 * 1024
const READS_AHEAD = 2

export type PlainObject = { readonly target: StorageTarget; readonly key: string; readonly size: number }

export type HashOptions = {
  readonly signal: AbortSignal
  /** Bytes that were read so far, in order. */
  readonly progress: (done: { bytes: number; size: number }) => Promise<void>
}

type Piece = Uint8Array<ArrayBuffer>
type Read = { readonly end: number; readonly bytes: Promise<Piece> }

/**
 * SHA-256, hex, of the first `size` bytes of a plain object, in constant memory: several reads are under way while another thread hashes.
 * Rejects with `ObjectDamaged` where the object is missing or shorter, with the signal's reason, and as the target says. Whether the
 * object stayed the same meanwhile is for the caller to compare, before and after (core/object-mark.ts).
 */
export async function hashObject(deps: { readonly digests: DigestPool }, object: PlainObject, options: HashOptions): Promise<string> {
  const { size } = object
  const { signal, progress } = options
  const buffers = createBuffers(Math.min(PIECE_BYTES, size))
  const digest = deps.digests.open({ reuse: buffers.give })
  const reads: Read[] = []
  const stop = new AbortController()
  const reading = AbortSignal.any([signal, stop.signal])
  let begun = 0
  try {
    while (begun < size || reads.length > 0) {
      while (begun < size && reads.length < READS_AHEAD) {
        const length = Math.min(PIECE_BYTES, size - begun)
        const bytes = readPiece(object, { offset: begun, into: buffers.take(), length, signal: reading })
        bytes.catch(() => {})
        begun += length
        reads.push({ end: begun, bytes })
      }
      const read = reads.shift()!
      digest.push(await read.bytes)
      if (digest.full) await digest.drained()
      signal.throwIfAborted()
      await progress({ bytes: read.end, size })
    }
    return Buffer.from(await digest.finish()).toString('hex')
  } finally {
    stop.abort()
    await Promise.allSettled(reads.map((read) => read.bytes))
    digest.drop()
  }
}

type PieceRead = { readonly offset: number; readonly length: number; readonly into: Piece; readonly signal: AbortSignal }

async function readPiece({ target, key }: PlainObject, { offset, length, into, signal }: PieceRead): Promise<Piece> {
  try {
    const bytes = await target.read(key, offset, length, { signal, into })
    const own = into.subarray(0, length)
    // A driver may answer with memory of its own, which must not go over to the thread.
    if (bytes.buffer !== into.buffer) own.set(bytes)
    return own
  } catch (error) {
    throw asDamage(error)
  }
}

/** Buffers that go round between the reads and the thread; how many there are is bounded by both. */
function createBuffers(length: number) {
  const free: Piece[] = []
  return {
    take: (): Piece => free.pop() ?? new Uint8Array(length),
    give: (buffer: Piece): void => void free.push(buffer),
  }
}
