import type { Answer, Request } from './connection.ts'
import { SmbError } from './errors.ts'
import { sharePath } from './names.ts'
import { status, statusError } from './status.ts'
import { command } from './wire.ts'
import { encodeClose, encodeFlush, encodeRead, encodeWrite, parseRead, parseWrite } from './wire-files.ts'
import {
  encodeEndOfFile,
  encodeQueryInfo,
  encodeRename,
  encodeSetInfo,
  fileInfo,
  infoType,
  parseBuffer,
  parseIndexNumber,
  parseName,
} from './wire-information.ts'

/** Pieces of one read or write that are under way at once. */
const window = 8
/** Larger pieces win nothing and hold the event loop longer. */
const pieceLength = 1024 * 1024

type Channel = { request(request: Omit<Request, 'treeId'>): Promise<Answer>; readonly maxRead: number; readonly maxWrite: number }
type CallOptions = { signal?: AbortSignal }

/** An open file. Reads and writes of any length go over the wire in pieces, several at once. Use after `close` rejects with 'closed'. */
export class SmbFile implements AsyncDisposable {
  readonly #channel: Channel
  readonly #id: Buffer
  readonly path: string
  /** As they were when the file was opened. */
  readonly size: number
  readonly modifiedAt: number
  readonly #createdAt: bigint
  #open = true

  constructor(channel: Channel, file: { id: Buffer; path: string; size: number; modifiedAt: number; createdAt: bigint }) {
    this.#channel = channel
    this.#id = file.id
    this.path = file.path
    this.size = file.size
    this.modifiedAt = file.modifiedAt
    this.#createdAt = file.createdAt
  }

  /** Fills `into` from `offset` and answers how many bytes there were: fewer than asked only where the file ends. */
  async read(into: Uint8Array, offset: number, options: CallOptions = {}): Promise<number> {
    let end = into.length
    await this.#pieces(into.length, Math.min(this.#channel.maxRead, pieceLength), async (at, length) => {
      for (let done = 0; done < length; ) {
        const got = await this.#readPiece(into.subarray(at + done, at + length), offset + at + done, options)
        if (got === 0) {
          end = Math.min(end, at + done)
          return
        }
        done += got
      }
    })
    return end
  }

  /**
   * Writes all of `bytes` at `offset`. They are durable after `flush`. An abort rejects once the server has answered what was sent
   * already: servers work on several writes at once, and one that comes late must not land on what the caller writes next.
   */
  async write(bytes: Uint8Array, offset: number, options: CallOptions = {}): Promise<void> {
    await this.#pieces(bytes.length, Math.min(this.#channel.maxWrite, pieceLength), async (at, length) => {
      const payload = bytes.subarray(at, at + length)
      const body = encodeWrite({ fileId: this.#id, offset: offset + at, length })
      const answer = await this.#send(
        { command: command.write, body, payload, weight: length, signal: options.signal, awaited: true },
        `write to ${this.path}`,
      )
      if (parseWrite(answer.message) !== length) throw new SmbError('full', `The server took only a part of a write to ${this.path}.`)
    })
  }

  /** Resolves when the server says that what was written is on its disk. */
  async flush(options: CallOptions = {}): Promise<void> {
    await this.#send({ command: command.flush, body: encodeFlush(this.#id), signal: options.signal }, `flush ${this.path}`)
  }

  async truncate(size: number, options: CallOptions = {}): Promise<void> {
    const body = encodeSetInfo({ fileId: this.#id, level: fileInfo.endOfFile, data: encodeEndOfFile(size) })
    await this.#send({ command: command.setInfo, body, signal: options.signal }, `set the size of ${this.path}`)
  }

  /** Renames the open file; atomic on the server. */
  async rename(to: string, options: CallOptions & { replace?: boolean } = {}): Promise<void> {
    const data = encodeRename(sharePath(to), options.replace ?? false)
    await this.#send(
      { command: command.setInfo, body: encodeSetInfo({ fileId: this.#id, level: fileInfo.rename, data }), signal: options.signal },
      `rename ${this.path} to ${to}`,
    )
  }

  /**
   * Stays with the file when it is renamed, and no other file of the volume ever has it: its number there, which is given out again
   * after a deletion, with the time at which it was created.
   */
  async identity(options: CallOptions = {}): Promise<string> {
    const number = parseIndexNumber(await this.#query(fileInfo.internal, options))
    return `${number.toString(36)}-${this.#createdAt.toString(36)}`
  }

  /** The path below the share in the case in which it is stored, `/` between names; null where the server does not tell. */
  async storedPath(options: CallOptions = {}): Promise<string | null> {
    try {
      const name = parseName(await this.#query(fileInfo.normalizedName, options))
      return name.replace(/^\\/, '').replaceAll('\\', '/')
    } catch (error) {
      if (error instanceof SmbError && error.fault === 'server') return null
      throw error
    }
  }

  /** Repeatable. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    const answer = await this.#channel.request({ command: command.close, body: encodeClose(this.#id) })
    if (answer.header.status !== status.success) throw statusError(answer.header.status, `close ${this.path}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => {})
  }

  async #readPiece(into: Uint8Array, offset: number, options: CallOptions): Promise<number> {
    this.#assertOpen()
    let got = 0
    const answer = await this.#channel.request({
      command: command.read,
      body: encodeRead({ fileId: this.#id, offset, length: into.length }),
      weight: into.length,
      signal: options.signal,
      onAnswer: ({ header, message }) => {
        if (header.status !== status.success) return
        const bytes = parseRead(message)
        if (bytes.length > into.length) throw new SmbError('protocol', 'The server sent more than was asked for.')
        into.set(bytes)
        got = bytes.length
      },
    })
    if (answer.header.status !== status.success && answer.header.status !== status.endOfFile) {
      throw statusError(answer.header.status, `read ${this.path}`)
    }
    return got
  }

  async #query(level: number, options: CallOptions): Promise<Buffer> {
    const length = 65_536
    const body = encodeQueryInfo({ fileId: this.#id, type: infoType.file, level, length })
    const answer = await this.#send({ command: command.queryInfo, body, weight: length, signal: options.signal }, `ask about ${this.path}`)
    return parseBuffer(answer.message, 'QUERY_INFO')
  }

  async #send(request: Omit<Request, 'treeId'>, doing: string): Promise<Answer> {
    this.#assertOpen()
    const answer = await this.#channel.request(request)
    if (answer.header.status !== status.success) throw statusError(answer.header.status, doing)
    return answer
  }

  #assertOpen(): void {
    if (!this.#open) throw new SmbError('closed', `${this.path} was closed.`)
  }

  /** Runs `work` over [0, total) in pieces, `window` of them at once. The first failure wins, after the others have ended. */
  async #pieces(total: number, size: number, work: (at: number, length: number) => Promise<void>): Promise<void> {
    let next = 0
    let failure: { error: unknown } | null = null
    const runner = async () => {
      while (next < total && !failure) {
        const at = next
        const length = Math.min(size, total - at)
        next += length
        await work(at, length).catch((error: unknown) => {
          failure ??= { error }
        })
      }
    }
    await Promise.all(Array.from({ length: Math.min(window, Math.ceil(total / size)) }, runner))
    if (failure) throw (failure as { error: unknown }).error
  }
}
