import { Worker } from 'node:worker_threads'
import type { FromDigestWorker, ToDigestWorker } from './digest-worker.ts'

/** Chunks go over in batches of about this size: messages of 64 KiB would cost more than the hashing. */
const BATCH_BYTES = 2 * 1024 * 1024
/** A stream whose unhashed bytes exceed this asks its source to pause. */
const HIGH_WATER_BYTES = 8 * 1024 * 1024

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
  /** With `reuse`, whole buffers that were pushed come back once they are hashed, for a caller who goes round with a few of his own. */
  open(options?: { reuse: (buffer: Uint8Array<ArrayBuffer>) => void }): DigestStream
}

type Stream = {
  readonly id: number
  readonly worker: Worker
  readonly reuse: ((buffer: Chunk) => void) | null
  batch: Chunk[]
  batchBytes: number
  waiting: number
  wake: PromiseWithResolvers<void> | null
  result: PromiseWithResolvers<Uint8Array> | null
}

type Lane = { readonly worker: Worker; streams: number }

function startLane(streams: Map<number, Stream>, gone: () => void): Lane {
  const worker = new Worker(new URL('./digest-worker.ts', import.meta.url), { name: 'digest' })
  worker.unref()
  worker.on('message', (message: FromDigestWorker) => {
    const stream = streams.get(message.stream)
    if (!stream) return
    if (message.kind === 'digest') return stream.result?.resolve(message.digest)
    stream.waiting -= message.bytes
    for (const chunk of message.chunks) stream.reuse?.(chunk)
    if (stream.waiting <= HIGH_WATER_BYTES) {
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
}

function digestStream(stream: Stream, close: () => void): DigestStream {
  return {
    push(chunk) {
      const owned = ownsBuffer(chunk) ? new Uint8Array(chunk.buffer) : new Uint8Array(chunk)
      if (owned.byteLength === 0) return
      stream.batch.push(owned)
      stream.batchBytes += owned.byteLength
      stream.waiting += owned.byteLength
      if (stream.reuse || stream.batchBytes >= BATCH_BYTES) send(stream)
    },
    get full() {
      return stream.waiting > HIGH_WATER_BYTES
    },
    drained() {
      if (stream.waiting <= HIGH_WATER_BYTES) return Promise.resolve()
      stream.wake ??= Promise.withResolvers()
      return stream.wake.promise
    },
    async finish() {
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
      stream.worker.postMessage({ kind: 'drop', stream: stream.id } satisfies ToDigestWorker)
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
        wake: null,
        result: null,
      }
      streams.set(id, stream)
      return digestStream(stream, () => {
        if (streams.delete(id)) lane.streams -= 1
        if (lane.streams === 0) lane.worker.unref()
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(lanes.map((lane) => lane.worker.terminate()))
    },
  }
}
