import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { freeBytes } from '@holdfast/container/node'
import { StorageError } from './target.ts'

/**
 * Reads an answer's body into `into` and says how many bytes there were. More than fit is an error of the server. Rejects with the
 * signal's reason soon after it fires, and with 'unavailable' where the connection breaks off or nothing comes for `timeout` ms.
 */
export function readBody(body: Readable, into: Uint8Array, options: { timeout: number; signal: AbortSignal | undefined }): Promise<number> {
  const { signal, timeout } = options
  // The parser of HTTP copies what the socket gave it. Left to the collector, both copies of each chunk would cost several times what
  // receiving does; whoever listens behind the parser can give the first one back.
  const socket = (body as Partial<IncomingMessage>).socket
  return new Promise((resolve, reject) => {
    let length = 0
    const broken = (message: string, cause?: unknown): void => finish(new StorageError('unavailable', message, { cause }))
    const silence = setTimeout(() => broken('The answer stopped in the middle'), timeout)
    const abort = (): void => finish(signal?.reason)
    const finish = (error: unknown): void => {
      clearTimeout(silence)
      signal?.removeEventListener('abort', abort)
      body.off('data', take)
      socket?.off('data', freeBytes)
      if (error === undefined) {
        resolve(length)
        return
      }
      body.once('error', () => {})
      body.destroy()
      reject(error)
    }
    const take = (chunk: Uint8Array): void => {
      silence.refresh()
      const end = length + chunk.length
      if (end > into.length) broken('The server sent more than was asked for')
      else into.set(chunk, length)
      length = end
      freeBytes(chunk)
    }
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort, { once: true })
    socket?.on('data', freeBytes)
    body.on('data', take)
    body.once('end', () => finish(undefined))
    body.once('error', (error) => broken('The connection broke off', error))
    body.once('close', () => broken('The connection broke off'))
  })
}
