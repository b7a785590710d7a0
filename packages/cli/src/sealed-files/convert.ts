import type { Codec } from './codecs.ts'
import type { Destination } from './destination.ts'
import type { Digest } from './digest.ts'
import type { FileInput } from './input.ts'
import { createPieceWriter, type PieceWriter } from './piece-writer.ts'
import { type Batch, createReadAhead, type Stretch } from './read-ahead.ts'
import { createRingWriter, type RingWriter } from './ring-writer.ts'

/** Where results go, and what is hashed: what is read when sealing, what is written when opening. */
export type Conversion = { readonly destination: Destination; readonly digest: Digest | null; readonly hashed: 'input' | 'output' }

const BATCH_BYTES = 1_048_576
/** A result larger than this from a stream is copied in pieces. */
const STREAM_PIECE_BYTES = 1_048_576
const CHUNKS_BEHIND = 8

/** Neighbouring units that are read at once: first index and the next one's first. */
type Group = { from: number; to: number }

function* groups(codec: Codec): Generator<Group> {
  const many = Math.max(1, Math.floor(BATCH_BYTES / codec.longestInput))
  for (let from = 0; from < codec.count; from += many) yield { from, to: Math.min(codec.count, from + many) }
}

function* stretches(codec: Codec): Generator<Stretch> {
  for (const { from, to } of groups(codec)) {
    const first = codec.input(from)
    const last = codec.input(to - 1)
    yield { offset: first.offset, length: last.offset + last.length - first.offset }
  }
}

/**
 * Seals or opens a file unit by unit: the next batches are read and the last results written and hashed meanwhile. Resolves to the size
 * of what was written when all of it is.
 */
export async function convertFile(input: FileInput, codec: Codec, conversion: Conversion): Promise<number> {
  const { digest, hashed } = conversion
  await using results = resultsOf(codec, conversion)
  await using reader = createReadAhead(input, stretches(codec), Math.max(BATCH_BYTES, codec.longestInput))
  const giveBack = hashed === 'input' && digest !== null ? hashThenRelease(digest, reader.slack) : releaseAtOnce
  let written = 0
  for (const group of groups(codec)) {
    const batch = await reader.next()
    for (const { index, bytes } of unitsOf(codec, group, batch)) written += await results.add(index, bytes)
    await giveBack(batch)
  }
  await results.finish()
  return written
}

function* unitsOf(codec: Codec, group: Group, batch: Batch): Generator<{ index: number; bytes: Uint8Array }> {
  const begin = codec.input(group.from).offset
  for (let index = group.from; index < group.to; index += 1) {
    const { offset, length } = codec.input(index)
    yield { index, bytes: batch.bytes.subarray(offset - begin, offset - begin + length) }
  }
}

/** Converts units in order and sees to the writing. `add` answers the length of the unit's result. */
type Results = AsyncDisposable & { add(index: number, bytes: Uint8Array): Promise<number>; finish(): Promise<void> }

function resultsOf(codec: Codec, { destination, digest, hashed }: Conversion): Results {
  const ofOutput = hashed === 'output' ? digest : null
  if (destination.kind === 'stream' && codec.pieces !== undefined && ofOutput === null)
    return piecewise(codec.pieces, createPieceWriter(destination))
  const largest = Math.max(codec.longestResult, codec.prefix.length)
  return throughRing(codec, createRingWriter({ destination, digest: ofOutput, largest }))
}

function throughRing(codec: Codec, writer: RingWriter): Results {
  const ready = writer.append(codec.prefix)
  return {
    async add(index, bytes) {
      await ready
      const length = await codec.convert(index, bytes, await writer.reserve(codec.longestResult))
      writer.commit(length)
      return length
    },
    async finish() {
      await ready
      await writer.finish()
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  }
}

function piecewise(convert: NonNullable<Codec['pieces']>, writer: PieceWriter): Results {
  return {
    async add(index, bytes) {
      const pieces = convert(index, bytes)
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
      await writer.write(pieces)
      return length
    },
    finish: writer.finish,
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  }
}

async function releaseAtOnce(batch: Batch): Promise<void> {
  batch.release()
}

/** Hashes batches in order and gives them back; keeps at most `slack` of them. */
function hashThenRelease(digest: Digest, slack: number): (batch: Batch) => Promise<void> {
  const held: { batch: Batch; done: Promise<void> }[] = []
  return async (batch) => {
    const done = digest.update(batch.bytes)
    done.catch(() => {})
    held.push({ batch, done })
    while (held.length > slack) {
      await held[0]!.done
      held.shift()!.batch.release()
    }
  }
}

/** Writes what comes, hashing it where asked; resolves to its size. */
export async function convertStream(
  results: AsyncIterable<Uint8Array>,
  options: { destination: Destination; digest: Digest | null },
): Promise<number> {
  await using writer = createRingWriter({ ...options, largest: STREAM_PIECE_BYTES })
  let size = 0
  for await (const bytes of results) {
    await writer.append(bytes)
    size += bytes.length
  }
  await writer.finish()
  return size
}

/** Passes chunks on, hashing them meanwhile, a few behind. The chunks must stay as they are. */
export async function* hashedOnTheWay(chunks: AsyncIterable<Uint8Array>, digest: Digest): AsyncGenerator<Uint8Array> {
  const behind: Promise<void>[] = []
  for await (const bytes of chunks) {
    const done = digest.update(bytes)
    done.catch(() => {})
    behind.push(done)
    if (behind.length > CHUNKS_BEHIND) await behind.shift()
    yield bytes
  }
}
