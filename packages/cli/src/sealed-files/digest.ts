import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

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

type Waiting = { resolve(answer: string): void; reject(reason: unknown): void }

/** Hashes in a thread of its own, beside the cipher. `bytes` given to `update` must lie in shared memory. */
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
  return {
    async update(bytes) {
      await ask(bytes)
    },
    finish: () => ask(null),
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}
