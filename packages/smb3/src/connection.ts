import type { Socket } from 'node:net'
import { free, type MessageCrypt } from './crypt.ts'
import { SmbError } from './errors.ts'
import { frameHead, frameReader, messageSink } from './frames.ts'
import { type Line, type LineOptions, openLine } from './line.ts'
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
  /**
   * Sees the answer before the promise settles with its header alone, unless the signal fired first: so that large data is copied
   * once, to where it belongs. `message` is not to be kept. What it throws is a breach of the protocol.
   */
  readonly onAnswer?: (answer: Answer) => void
}

/** `message` is the whole answer, header included. */
export type Answer = { readonly header: Header; readonly message: Buffer }

type Pending = {
  settle(answer: Answer): void
  fail(error: unknown): void
  /** From here on the server has its time to answer: from when the request went out, or said that it is at work. */
  wait(): void
}
/** What waits for the line to take what was sent before. */
type Unsent = { request: Request; ids: { messageId: bigint; charge: number } }

/**
 * One TCP connection: frames, message ids, credits, encryption. Requests run side by side.
 * Any breach of the protocol closes it, and every request under way is rejected at once.
 */
export class Connection implements AsyncDisposable {
  readonly #socket: Socket
  readonly #timeout: number
  readonly #pending = new Map<bigint, Pending>()
  readonly #waiting: { cost: number; go: () => void; fail: (error: unknown) => void }[] = []
  readonly #unsent: Unsent[] = []
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

  private constructor(line: Line, timeout: number) {
    const { socket } = line
    this.#socket = socket
    this.#timeout = timeout
    const sink = messageSink(
      () => this.#crypt,
      (message) => this.#receive(message),
    )
    const read = frameReader(maxFrame, sink)
    line.onBytes((bytes) => {
      if (this.#closed) return
      try {
        read(bytes)
      } catch (error) {
        this.#close(
          error instanceof SmbError ? error : new SmbError('protocol', 'The answer of the server cannot be read.', { cause: error }),
        )
      }
    })
    socket.on('drain', () => this.#sendOn())
    socket.on('error', (cause) => this.#close(new SmbError('closed', `The connection broke: ${cause.message}.`, { cause })))
    socket.on('close', () => this.#close(new SmbError('closed', 'The server closed the connection.')))
  }

  /** Connects within `timeout` milliseconds; each later request has as long for its answer. */
  static open(options: LineOptions): Promise<Connection> {
    return openLine(options, (line) => new Connection(line, options.timeout))
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
    if (request.signal?.aborted) {
      this.#credits += charge
      this.#admit()
      throw request.signal.reason
    }
    const messageId = this.#nextId
    this.#nextId += BigInt(charge)
    const answer = this.#expect(messageId, request)
    this.#unsent.push({ request, ids: { messageId, charge } })
    this.#sendOn()
    return answer
  }

  #expect(messageId: bigint, { awaited, onAnswer, ...request }: Request): Promise<Answer> {
    const signal = awaited ? undefined : request.signal
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const silent = () => this.#close(new SmbError('timeout', `The server did not answer within ${this.#timeout / 1000} s.`))
      const onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
      // An abandoned request stays here until its answer arrives: its credits come back with it.
      this.#pending.set(messageId, {
        wait: () => {
          clearTimeout(timer)
          timer = setTimeout(silent, this.#timeout)
        },
        settle: (answer) => {
          done()
          if (signal?.aborted) return onAbort()
          try {
            onAnswer?.(answer)
          } catch (error) {
            reject(error)
            throw error
          }
          resolve({ header: answer.header, message: onAnswer ? Buffer.alloc(0) : Buffer.from(answer.message) })
        },
        fail: (error) => {
          done()
          reject(error)
        },
      })
    })
  }

  /** Sends what the line takes: sealing more than that would fill memory with what cannot go yet. */
  #sendOn(): void {
    while (this.#unsent.length > 0 && !this.#closed && !this.#socket.writableNeedDrain) {
      const { request, ids } = this.#unsent.shift()!
      this.#send(request, ids)
    }
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
    const sealed = this.#crypt?.seal(parts)
    const line = sealed ?? parts
    const length = line.reduce((sum, part) => sum + part.length, 0)
    this.#pending.get(ids.messageId)?.wait()
    this.#lastSent = Date.now()
    this.#socket.cork()
    this.#socket.write(frameHead(length))
    for (const part of line) this.#socket.write(part, sealed && (() => free(part)))
    this.#socket.uncork()
  }

  #receive(plain: Buffer): void {
    if (this.#closed) return
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
      pending.wait()
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
    this.#unsent.length = 0
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
