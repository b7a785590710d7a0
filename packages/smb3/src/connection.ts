import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import type { MessageCrypt } from './crypt.ts'
import { SmbError } from './errors.ts'
import { frameHead, frameReader } from './frames.ts'
import { status } from './status.ts'
import { command, encodeEmpty, encodeHeader, type Header, headerFlag, headerLength, noTree, parseHeader } from './wire.ts'

/** What a server may send in one frame: 8 MiB of data and its headers. */
const maxFrame = 8 * 1024 * 1024 + 4096
/** Credits asked for: enough for sixteen requests of 1 MiB under way. */
const wantedCredits = 512
const creditUnit = 65536

export type Request = {
  readonly command: number
  readonly body: Buffer
  /** Data that follows the body as it is (WRITE). */
  readonly payload?: Uint8Array
  readonly treeId?: number
  /** Bytes that the request or its answer carries; decides its credit charge ([MS-SMB2] §3.2.4.1.5). */
  readonly weight?: number
  readonly signal?: AbortSignal | undefined
  /** The signal only keeps it from being sent: once it is, its answer is waited for. */
  readonly awaited?: boolean
}

/** `message` is the whole answer, header included. */
export type Answer = { readonly header: Header; readonly message: Buffer }

type Pending = { settle(answer: Answer): void; fail(error: unknown): void; timer: NodeJS.Timeout }

/**
 * One TCP connection: frames, message ids, credits, encryption. Requests run side by side.
 * Any breach of the protocol closes it, and every request under way is rejected at once.
 */
export class Connection implements AsyncDisposable {
  readonly #socket: Socket
  readonly #timeout: number
  readonly #pending = new Map<bigint, Pending>()
  readonly #waiting: { cost: number; go: () => void; fail: (error: unknown) => void }[] = []
  #credits = 1
  #nextId = 0n
  #multiCredit = false
  #crypt: MessageCrypt | null = null
  #sessionId = 0n
  #closed: SmbError | null = null
  #keepAlive: NodeJS.Timeout | null = null
  #lastSent = 0
  /** Sees the bytes of the hand-shake, for the pre-authentication hash. */
  onHandshake: ((message: Buffer) => void) | null = null

  private constructor(socket: Socket, timeout: number) {
    this.#socket = socket
    this.#timeout = timeout
    socket.setNoDelay(true)
    const read = frameReader(maxFrame, (frame) => this.#receive(frame))
    socket.on('data', (chunk: Buffer) => {
      try {
        read(chunk)
      } catch (error) {
        this.#close(
          error instanceof SmbError ? error : new SmbError('protocol', 'The answer of the server cannot be read.', { cause: error }),
        )
      }
    })
    socket.on('error', (cause) => this.#close(new SmbError('closed', `The connection broke: ${cause.message}.`, { cause })))
    socket.on('close', () => this.#close(new SmbError('closed', 'The server closed the connection.')))
  }

  /** Connects within `timeout` milliseconds; each later request has as long for its answer. */
  static open(options: {
    host: string
    port: number
    timeout: number
    signal?: AbortSignal | undefined
    lookup?: LookupFunction | undefined
  }): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { host, port, lookup } = options
      const socket = connectTcp({ host, port, ...(lookup ? { lookup } : {}) })
      const fail = (error: unknown) => {
        socket.destroy()
        reject(error)
      }
      const timer = setTimeout(
        () => fail(new SmbError('timeout', `${options.host} port ${options.port} does not answer.`)),
        options.timeout,
      )
      const onAbort = () => fail(options.signal?.reason)
      options.signal?.addEventListener('abort', onAbort, { once: true })
      if (options.signal?.aborted) onAbort()
      socket.once('error', (cause: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        fail(new SmbError('connect', `No connection to ${options.host} port ${options.port}: ${cause.code ?? cause.message}.`, { cause }))
      })
      socket.once('connect', () => {
        clearTimeout(timer)
        options.signal?.removeEventListener('abort', onAbort)
        socket.removeAllListeners('error')
        resolve(new Connection(socket, options.timeout))
      })
    })
  }

  get closed(): boolean {
    return this.#closed !== null
  }

  /** From here on requests may weigh more than 64 KiB (the server has LARGE_MTU). */
  allowLargeRequests(): void {
    this.#multiCredit = true
  }

  setSession(sessionId: bigint): void {
    this.#sessionId = sessionId
  }

  /** From here on every message is encrypted, both ways. */
  encrypt(crypt: MessageCrypt): void {
    this.#crypt = crypt
    this.#keepAlive = setInterval(() => {
      if (Date.now() - this.#lastSent > 20_000) this.request({ command: command.echo, body: encodeEmpty() }).catch(() => {})
    }, 10_000)
    this.#keepAlive.unref()
  }

  /** Sends a request and resolves with its final answer, whatever its status. */
  async request(request: Request): Promise<Answer> {
    request.signal?.throwIfAborted()
    const charge = this.#multiCredit ? Math.max(1, Math.ceil((request.weight ?? 0) / creditUnit)) : 1
    await this.#takeCredits(charge, request.signal)
    if (this.#closed) throw this.#closed
    const messageId = this.#nextId
    this.#nextId += BigInt(charge)
    const answer = this.#expect(messageId, request.awaited ? undefined : request.signal)
    this.#send(request, { messageId, charge })
    return answer
  }

  #expect(messageId: bigint, signal: AbortSignal | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#close(new SmbError('timeout', `The server did not answer within ${this.#timeout / 1000} s.`)),
        this.#timeout,
      )
      const onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      // An abandoned request stays here until its answer arrives: its credits come back with it.
      this.#pending.set(messageId, {
        timer,
        settle: (answer) => {
          done()
          resolve(answer)
        },
        fail: (error) => {
          done()
          reject(error)
        },
      })
    })
  }

  #send(request: Request, ids: { messageId: bigint; charge: number }): void {
    const header = encodeHeader({
      command: request.command,
      creditCharge: this.#multiCredit ? ids.charge : 0,
      credits: Math.max(1, Math.min(wantedCredits, wantedCredits - this.#credits)),
      messageId: ids.messageId,
      treeId: request.treeId ?? 0,
      sessionId: this.#sessionId,
    })
    const parts: Uint8Array[] = request.payload ? [header, request.body, request.payload] : [header, request.body]
    this.onHandshake?.(Buffer.concat(parts))
    const sealed = this.#crypt ? this.#crypt.seal(parts) : parts
    const length = sealed.reduce((sum, part) => sum + part.length, 0)
    this.#lastSent = Date.now()
    this.#socket.cork()
    this.#socket.write(frameHead(length))
    for (const part of sealed) this.#socket.write(part)
    this.#socket.uncork()
  }

  #receive(frame: Buffer): void {
    if (this.#closed) return
    const plain = this.#crypt ? this.#crypt.open(frame) : Buffer.from(frame)
    for (let rest: Buffer | null = plain; rest; ) {
      const header: Header = parseHeader(rest)
      const next: number = header.nextCommand
      if (next !== 0 && (next < headerLength || next > rest.length))
        throw new SmbError('protocol', 'The server sent a broken chain of answers.')
      this.#take({ header, message: next === 0 ? rest : rest.subarray(0, next) })
      rest = next === 0 ? null : rest.subarray(next)
    }
  }

  #take(answer: Answer): void {
    const { header } = answer
    if (!(header.flags & headerFlag.response)) throw new SmbError('protocol', 'The server sent a request.')
    this.#credits += header.credits
    this.#admit()
    const pending = this.#pending.get(header.messageId)
    if (!pending) {
      if (header.messageId === 0xffffffffffffffffn) return
      throw new SmbError('protocol', 'The server answered a question that nobody asked.')
    }
    if (header.status === status.pending && header.flags & headerFlag.async) {
      pending.timer.refresh()
      return
    }
    this.#pending.delete(header.messageId)
    pending.settle(answer)
  }

  #takeCredits(cost: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed)
    if (this.#waiting.length === 0 && this.#credits >= cost) {
      this.#credits -= cost
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(signal?.reason)
        this.#admit()
      }
      const ended =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', onAbort)
          end(value)
        }
      const entry = { cost, go: ended<void>(resolve), fail: ended<unknown>(reject) }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(entry)
    })
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#credits >= this.#waiting[0]!.cost) {
      const next = this.#waiting.shift()!
      this.#credits -= next.cost
      next.go()
    }
  }

  #close(reason: SmbError): void {
    if (this.#closed) return
    this.#closed = reason
    if (this.#keepAlive) clearInterval(this.#keepAlive)
    this.#socket.destroy()
    for (const pending of this.#pending.values()) pending.fail(reason)
    this.#pending.clear()
    for (const waiting of this.#waiting.splice(0)) waiting.fail(reason)
  }

  /** Closes at once because of `error`, which every request under way is rejected with. */
  fail(error: SmbError): void {
    this.#close(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close(new SmbError('closed', 'The connection was closed.'))
  }
}

export { noTree }
