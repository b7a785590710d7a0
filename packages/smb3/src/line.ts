import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import { SmbError } from './errors.ts'

/** What is read from the line at once. */
const readLength = 256 * 1024

export type LineOptions = {
  readonly host: string
  readonly port: number
  /** Milliseconds for the connection. */
  readonly timeout: number
  readonly signal?: AbortSignal | undefined
  readonly lookup?: LookupFunction | undefined
}

/** A TCP connection whose bytes all arrive in the same memory: they are gone when `read` returns. */
export type Line = { readonly socket: Socket; onBytes(read: (bytes: Buffer) => void): void }

/**
 * Answers what `use` makes of the connection before anything of it can be missed. Rejects with 'connect' or 'timeout', or with the
 * reason of the signal.
 */
export function openLine<T>({ host, port, timeout, signal, lookup }: LineOptions, use: (line: Line) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    let read: (bytes: Buffer) => void = () => {}
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readLength),
      callback: (length: number, buffer: Uint8Array) => {
        read((buffer as Buffer).subarray(0, length))
        return true
      },
    }
    const socket = connectTcp({ host, port, onread, noDelay: true, ...(lookup ? { lookup } : {}) })
    const fail = (error: unknown) => {
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(() => fail(new SmbError('timeout', `${host} port ${port} does not answer.`)), timeout)
    const onAbort = () => fail(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      fail(new SmbError('connect', `No connection to ${host} port ${port}: ${cause.code ?? cause.message}.`, { cause }))
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.removeAllListeners('error')
      const onBytes = (to: typeof read) => {
        read = to
      }
      resolve(use({ socket, onBytes }))
    })
  })
}
