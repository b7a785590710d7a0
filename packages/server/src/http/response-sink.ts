import type { ServerResponse } from 'node:http'
import type { PlainSink } from '../services/sealed/read-plain.ts'

/** The client of a download went away. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/**
 * Writes to a response; each write settles when the bytes are with the kernel, so that its buffer can be used again.
 * `signal` fires when the client is gone, and every write that waits rejects then.
 */
export function createResponseSink(response: ServerResponse): PlainSink & { readonly signal: AbortSignal } {
  const gone = new AbortController()
  const waiting = new Set<(error: Error) => void>()
  response.once('close', () => {
    if (response.writableFinished) return
    const error = new ClientGone('The client closed the connection')
    gone.abort(error)
    for (const reject of waiting) reject(error)
  })
  return {
    signal: gone.signal,
    write(bytes) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.add(reject)
      response.write(bytes, (error) => (error ? reject(error) : resolve()))
      return promise.finally(() => waiting.delete(reject))
    },
  }
}
