import type { ServerResponse } from 'node:http'
import type { PlainSink } from '../services/sealed/read-plain.ts'

/** The client of a download went away. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

export interface ResponseSink extends PlainSink {
  readonly signal: AbortSignal
  /** Resolves when all that was written is with the kernel, or the client is gone. */
  settled(): Promise<void>
}

/**
 * Writes to a response; each write settles when the bytes are with the kernel, so that its buffer can be used again.
 * `signal` fires when the client is gone, and every write that waits rejects then.
 */
export function createResponseSink(response: ServerResponse): ResponseSink {
  const gone = new AbortController()
  const waiting = new Set<(error: Error) => void>()
  response.once('close', () => {
    if (response.writableFinished) return
    const error = new ClientGone('The client closed the connection')
    gone.abort(error)
    for (const reject of waiting) reject(error)
  })
  let last: Promise<void> = Promise.resolve()
  return {
    signal: gone.signal,
    settled: () => last.catch(() => {}),
    write(bytes) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.add(reject)
      response.write(bytes, (error) => (error ? reject(error) : resolve()))
      last = promise.finally(() => waiting.delete(reject))
      return last
    },
  }
}
