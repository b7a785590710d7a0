import type { Readable } from 'node:stream'

/** The sender went away before all of the body had come. */
export class BodyCut extends Error {
  override readonly name = 'BodyCut'
}

/** Takes a chunk over; a promise means: send no more until it resolves. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | undefined

/**
 * Hands every chunk of `stream` to `take`, in order, one at a time, and resolves with the number of bytes at the end of the stream.
 * Rejects with `BodyCut` where the stream closes early, with what `take` throws, or with the signal's reason; it then leaves the stream
 * paused and takes no more. Events rather than an async iterator: at this rate each awaited chunk shows in the throughput.
 */
export function readBody(stream: Readable, take: TakeChunk, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let bytes = 0
  let waiting: Promise<void> | null = null

  const fail = (error: unknown): void => {
    stream.pause()
    reject(error)
  }
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length
    try {
      const busy = take(chunk)
      if (!busy) return
      stream.pause()
      waiting = busy
      busy.then(() => {
        waiting = null
        stream.resume()
      }, fail)
    } catch (error) {
      fail(error)
    }
  }
  const onEnd = (): void => {
    if (waiting) waiting.then(() => resolve(bytes), reject)
    else resolve(bytes)
  }
  const onCut = (): void => {
    if (!stream.readableEnded) fail(new BodyCut('The connection closed before all of the body had come'))
  }
  const onAbort = (): void => fail(signal.reason)

  signal.addEventListener('abort', onAbort, { once: true })
  stream.on('data', onData)
  stream.on('end', onEnd)
  stream.on('close', onCut)
  stream.on('error', onCut)
  if (signal.aborted) onAbort()
  else if (stream.destroyed) onCut()

  return promise.finally(() => {
    signal.removeEventListener('abort', onAbort)
    stream.off('data', onData)
    stream.off('end', onEnd)
    stream.off('close', onCut)
    // A late error of the connection has nobody else to hear it.
    stream.off('error', onCut)
    stream.on('error', () => {})
  })
}
