import { ContainerError } from './errors.ts'

export type ReadOptions = { signal?: AbortSignal }

/** A stored object that can be read at any place. */
export interface ByteSource {
  /** In bytes; does not change while the source is in use. */
  readonly size: number
  /** Exactly `length` bytes from `offset`, both within `size`. */
  read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) }
}

export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  }
}

/** As `source.read`, and 'size-changed' where the source has fewer bytes than it said. */
export async function readExactly(
  source: ByteSource,
  span: { offset: number; length: number },
  options?: ReadOptions,
): Promise<Uint8Array> {
  options?.signal?.throwIfAborted()
  const bytes = await source.read(span.offset, span.length, options)
  if (bytes.length === span.length) return bytes
  throw new ContainerError('size-changed', 'The object became shorter while it was read', span.offset + bytes.length)
}

/** Takes bytes off a stream in lengths of the reader's choice. */
export interface StreamCursor {
  /** Bytes taken so far. */
  readonly offset: number
  /** The next `length` bytes, or fewer where the stream ends before. */
  take(length: number): Promise<Uint8Array>
  /** Whether nothing is left. */
  atEnd(): Promise<boolean>
  /** Tells a stream that was not read to its end that the rest is not wanted. */
  close(): Promise<void>
}

type Waiting = { pieces: Uint8Array[]; length: number; ended: boolean }

/** Copies the first `length` bytes of `waiting` out of it. */
function takeFront(waiting: Waiting, length: number): Uint8Array {
  const out = new Uint8Array(length)
  let at = 0
  while (at < length) {
    const piece = waiting.pieces[0]!
    const part = piece.subarray(0, length - at)
    out.set(part, at)
    at += part.length
    if (part.length === piece.length) waiting.pieces.shift()
    else waiting.pieces[0] = piece.subarray(part.length)
  }
  waiting.length -= length
  return out
}

/** Holds at most what was asked for and one chunk of the stream. Chunks may be of any size, empty ones too. */
export function streamCursor(stream: AsyncIterable<Uint8Array>): StreamCursor {
  const iterator = stream[Symbol.asyncIterator]()
  const waiting: Waiting = { pieces: [], length: 0, ended: false }
  let offset = 0
  async function fill(length: number): Promise<void> {
    while (waiting.length < length && !waiting.ended) {
      const next = await iterator.next()
      if (next.done) waiting.ended = true
      else if (next.value.length > 0) {
        waiting.pieces.push(next.value)
        waiting.length += next.value.length
      }
    }
  }
  return {
    get offset() {
      return offset
    },
    async take(length) {
      await fill(length)
      const out = takeFront(waiting, Math.min(length, waiting.length))
      offset += out.length
      return out
    },
    async atEnd() {
      await fill(1)
      return waiting.length === 0
    },
    async close() {
      if (!waiting.ended) await iterator.return?.()
    },
  }
}
