import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Bytes of one body that are taken in a row. A fast connection always has more to give, and the event loop would hand over 2 MiB of it
 * before anything else has its turn: with several of them whoever asks for something small waits for all.
 */
const TURN_BYTES = 512 * 1024

/** The sender went away before all of the body had come. */
export class BodyCut extends Error {
  override readonly name = 'BodyCut'
}

/** Takes a chunk over; a promise means: send no more until it resolves. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | undefined

/**
 * Hands every chunk of `stream` to `take`, in order, one at a time, and resolves with the number of bytes at the end of the stream, or
 * after `limit` bytes, with the rest still in the stream, paused. Now and then it lets everything else have its turn.
 * Rejects with `BodyCut` where the stream closes early, with what `take` throws, or with the signal's reason; it then leaves the stream
 * paused and takes no more. Events rather than an async iterator: at this rate each awaited chunk shows in the throughput.
 */
export function readBody(stream: Readable, take: TakeChunk, options: { signal: AbortSignal; limit?: number }): Promise<number> {
  const { signal, limit = Number.POSITIVE_INFINITY } = options
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let bytes = 0
  let turnEnds = TURN_BYTES
  let failed = false
  let waiting: Promise<void> | null = null

  const fail = (error: unknown): void => {
    failed = true
    stream.pause()
    reject(error)
  }
  const stopAtLimit = (chunk: Buffer): Buffer => {
    const wanted = limit - bytes
    if (chunk.length < wanted) return chunk
    stream.pause()
    stream.off('data', onData)
    if (chunk.length > wanted) stream.unshift(chunk.subarray(wanted))
    return chunk.subarray(0, wanted)
  }
  const onData = (whole: Buffer): void => {
    const chunk = stopAtLimit(whole)
    bytes += chunk.length
    try {
      const busy = take(chunk)
      if (bytes === limit) {
        Promise.resolve(busy).then(() => resolve(bytes), fail)
        return
      }
      if (!busy && bytes < turnEnds) return
      turnEnds = bytes + TURN_BYTES
      stream.pause()
      waiting = busy ?? nextTurn()
      waiting.then(() => {
        waiting = null
        if (!failed) stream.resume()
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
  else stream.resume()

  return promise.finally(() => {
    signal.removeEventListener('abort', onAbort)
    stream.off('data', onData)
    stream.off('end', onEnd)
    stream.off('close', onCut)
    stream.off('error', onCut)
    // A late error of the connection has nobody else to hear it.
    if (stream.listenerCount('error') === 0) stream.on('error', () => {})
  })
}
