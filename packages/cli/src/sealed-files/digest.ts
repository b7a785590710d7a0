import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { Input } from './input.ts'

/** SHA-256 of bytes in order. Disposing stops it at once. */
export interface Digest extends AsyncDisposable {
  /** Resolves when `bytes` were taken in and may change. Calls need not wait for one another. */
  update(bytes: Uint8Array): Promise<void>
  /** In hexadecimal. */
  finish(): Promise<string>
}

export function createDigest(): Digest {
  const hash = createHash('sha256')
  return {
    update: async (bytes) => {
      hash.update(bytes)
    },
    finish: async () => hash.digest('hex'),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Starting a thread takes about as long as hashing this much. */
const THREAD_FROM_BYTES = 16 * 1_048_576

/** In a thread of its own unless `input` is known to be small. */
export const createDigestFor = (input: Input): Digest =>
  input.kind === 'file' && input.size < THREAD_FROM_BYTES ? createDigest() : createDigestThread()

type Waiting = { resolve(answer: string): void; reject(reason: unknown): void }

/** Shared memory to copy into, used again and again. */
function createShelf(): { put(bytes: Uint8Array): Uint8Array; giveBack(copy: Uint8Array): void } {
  const spare: Uint8Array[] = []
  return {
    put(bytes) {
      const fitting = spare.findIndex((memory) => memory.length >= bytes.length)
      const [memory] = fitting < 0 ? [new Uint8Array(new SharedArrayBuffer(bytes.length))] : spare.splice(fitting, 1)
      memory!.set(bytes)
      return memory!.subarray(0, bytes.length)
    },
    giveBack(copy) {
      spare.push(new Uint8Array(copy.buffer))
    },
  }
}

/** Hashes in a thread of its own, beside the cipher. What lies in shared memory is not copied. */
export function createDigestThread(): Digest {
  const worker = new Worker(new URL('./digest-thread.js', import.meta.url))
  const waiting: Waiting[] = []
  let failure: unknown
  worker.on('message', (answer: string) => waiting.shift()?.resolve(answer))
  worker.on('error', (error) => {
    failure = error
    for (const each of waiting.splice(0)) each.reject(error)
  })
  const ask = (message: Uint8Array | null) =>
    new Promise<string>((resolve, reject) => {
      if (failure !== undefined) return reject(failure)
      waiting.push({ resolve, reject })
      worker.postMessage(message)
    })
  const shelf = createShelf()
  return {
    async update(bytes) {
      if (bytes.buffer instanceof SharedArrayBuffer) return void (await ask(bytes))
      const copy = shelf.put(bytes)
      await ask(copy)
      shelf.giveBack(copy)
    },
    finish: () => ask(null),
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}
