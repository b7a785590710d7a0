import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { FromDigestWorker, ToDigestWorker } from './digest-worker.ts'

/**
 * Chunks go over in batches of up to this size: messages of 64 KiB would cost more than the hashing, and each wakes a thread that may
 * take the processor from this one.
 */
const BATCH_BYTES = 2 * 1024 * 1024
/** Bytes that may wait in all streams together; each has an equal share of it before it asks its source to pause, but at least this. */
const WAITING_BYTES = 12 * 1024 * 1024
const LEAST_SHARE_BYTES = 1024 * 1024
/** What is no longer than this is hashed at once: going over to a thread and back would take longer. */
const INLINE_BYTES = 128 * 1024
/** Kept small: a thread only ever holds a few batches, which are not in its heap. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 }

type Chunk = Uint8Array<ArrayBuffer>

/** SHA-256 of one stream of bytes, computed beside the caller's own work. Ends by `finish` or `drop`. */
export interface DigestStream {
  /** Takes `chunk` over: the caller must not touch it again. A view of a larger buffer is copied. */
  push(chunk: Uint8Array): void
  /** True while more than a bounded number of bytes wait; then push again after `drained`. */
  readonly full: boolean
  drained(): Promise<void>
  /** The digest, 32 bytes, of all that was pushed. */
  finish(): Promise<Uint8Array>
  /** Gives up; nothing is answered. Harmless after `finish`. */
  drop(): void
}

export interface DigestPool extends AsyncDisposable {
  /**
   * With `reuse`, for a caller who goes round with a few buffers: what is pushed is taken over with the whole buffer that it is a view
   * of, and that buffer comes back once it is hashed.
   */
  open(options?: { reuse: (buffer: Uint8Array<ArrayBuffer>) => void }): DigestStream
}

type Stream = {
  readonly id: number
  readonly worker: Worker
  readonly reuse: ((buffer: Chunk) => void) | null
  batch: Chunk[]
  batchBytes: number
  waiting: number
  /** Whether the thread has any of it. */
  sent: boolean
  wake: PromiseWithResolvers<void> | null
  result: PromiseWithResolvers<Uint8Array> | null
}

type Lane = { readonly worker: Worker; streams: number }

type Streams = Map<number, Stream>
const shareOf = (streams: Streams): number => Math.max(LEAST_SHARE_BYTES, WAITING_BYTES / streams.size)
/** One batch is hashed while the next one gathers. */
const batchOf = (streams: Streams): number => Math.min(BATCH_BYTES, shareOf(streams) / 2)

function startLane(streams: Streams, gone: () => void): Lane {
  const worker = new Worker(new URL('./digest-worker.ts', import.meta.url), { name: 'digest', resourceLimits: THREAD_LIMITS })
  worker.unref()
  worker.on('message', (message: FromDigestWorker) => {
    const stream = streams.get(message.stream)
    if (!stream) return
    if (message.kind === 'digest') return stream.result?.resolve(message.digest)
    stream.waiting -= message.bytes
    for (const chunk of message.chunks) stream.reuse?.(new Uint8Array(chunk.buffer))
    if (stream.waiting <= shareOf(streams)) {
      stream.wake?.resolve()
      stream.wake = null
    }
  })
  worker.on('error', (error) => {
    gone()
    for (const stream of [...streams.values()].filter((candidate) => candidate.worker === worker)) {
      stream.result?.reject(error)
      stream.wake?.reject(error)
    }
  })
  return { worker, streams: 0 }
}

const ownsBuffer = (chunk: Uint8Array): chunk is Chunk =>
  chunk.buffer instanceof ArrayBuffer && chunk.byteOffset === 0 && chunk.byteLength === chunk.buffer.byteLength

function send(stream: Stream): void {
  if (stream.batch.length === 0) return
  const message: ToDigestWorker = { kind: 'update', stream: stream.id, chunks: stream.batch, giveBack: stream.reuse !== null }
  stream.worker.postMessage(
    message,
    stream.batch.map((chunk) => chunk.buffer),
  )
  stream.batch = []
  stream.batchBytes = 0
  stream.sent = true
}

/** The digest where all of the stream is still here and short. */
function digestInline(stream: Stream): Uint8Array | null {
  if (stream.sent || stream.batchBytes > INLINE_BYTES) return null
  const hash = createHash('sha256')
  for (const chunk of stream.batch) {
    hash.update(chunk)
    stream.reuse?.(new Uint8Array(chunk.buffer))
  }
  return new Uint8Array(hash.digest())
}

function digestStream(stream: Stream, streams: Streams, close: () => void): DigestStream {
  return {
    push(chunk) {
      const owned = stream.reuse ? (chunk as Chunk) : ownsBuffer(chunk) ? new Uint8Array(chunk.buffer) : new Uint8Array(chunk)
      if (owned.byteLength === 0) return
      stream.batch.push(owned)
      stream.batchBytes += owned.byteLength
      stream.waiting += owned.byteLength
      if (stream.batchBytes >= (stream.reuse ? INLINE_BYTES : batchOf(streams))) send(stream)
    },
    get full() {
      return stream.waiting > shareOf(streams)
    },
    drained() {
      send(stream)
      if (stream.waiting <= shareOf(streams)) return Promise.resolve()
      stream.wake ??= Promise.withResolvers()
      return stream.wake.promise
    },
    async finish() {
      const inline = digestInline(stream)
      if (inline) {
        close()
        return inline
      }
      send(stream)
      stream.result = Promise.withResolvers()
      stream.worker.postMessage({ kind: 'finish', stream: stream.id } satisfies ToDigestWorker)
      try {
        return await stream.result.promise
      } finally {
        close()
      }
    },
    drop() {
      if (stream.result) return
      if (stream.sent) stream.worker.postMessage({ kind: 'drop', stream: stream.id } satisfies ToDigestWorker)
      stream.wake?.resolve()
      close()
    },
  }
}

/**
 * Threads that compute SHA-256 beside the main thread, so that hashing and sealing of one upload run at once.
 * They start with the first stream and stop with the pool; a stream goes to the thread that has the fewest.
 */
export function createDigestPool(threads: number): DigestPool {
  const streams = new Map<number, Stream>()
  const lanes: Lane[] = []
  let nextId = 1
  let isClosed = false

  const pickLane = (): Lane => {
    const idle = lanes.find((lane) => lane.streams === 0)
    if (idle) return idle
    if (lanes.length < threads) {
      const lane: Lane = startLane(streams, () => lanes.splice(lanes.indexOf(lane), 1))
      lanes.push(lane)
      return lane
    }
    return lanes.reduce((least, lane) => (lane.streams < least.streams ? lane : least))
  }

  return {
    open(options) {
      if (isClosed) throw new Error('The pool of digests is closed')
      const lane = pickLane()
      const id = nextId
      nextId += 1
      lane.streams += 1
      lane.worker.ref()
      const stream: Stream = {
        id,
        worker: lane.worker,
        reuse: options?.reuse ?? null,
        batch: [],
        batchBytes: 0,
        waiting: 0,
        sent: false,
        wake: null,
        result: null,
      }
      streams.set(id, stream)
      return digestStream(stream, streams, () => {
        if (streams.delete(id)) lane.streams -= 1
        if (lane.streams === 0) lane.worker.unref()
      })
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      await Promise.all(lanes.map((lane) => lane.worker.terminate()))
    },
  }
}
