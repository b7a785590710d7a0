import { createHash } from 'node:crypto'
import { ApiProblem, type Client, NetworkProblem } from '@holdfast/client'
import { CommandFailure } from './failure.ts'

export type DownloadRequest = {
  readonly client: Client
  readonly fileId: string
  /** `A-B`, `A-` or `-N` as in a Range header; null for the whole file. */
  readonly range: string | null
  readonly write: (bytes: Uint8Array) => Promise<void>
}

type Span = { readonly start: number; readonly end: number }

/** A connection that brings nothing for this long is given up and opened anew, in milliseconds. */
const STALL_MS = 60_000
/** Attempts in a row that bring no byte before it gives up. */
const FRUITLESS = 6

/**
 * Streams a file, going on where a broken connection left off. Resolves when every byte was written and, for a whole file, its SHA-256
 * is the recorded one. @throws before the first byte where the file is not ready, and wherever bytes are missing or wrong.
 */
export async function download({ client, fileId, range, write }: DownloadRequest): Promise<void> {
  const file = await client.files.get(fileId)
  if (file.status !== 'READY')
    throw new CommandFailure(
      `The file is not ready for download: ${file.status}${file.statusReason === null ? '' : `, ${file.statusReason}`}`,
    )
  const span = range === null ? { start: 0, end: file.size } : spanOf(range, file.size)
  const hash = createHash('sha256')
  await fetchSpan({ client, fileId, span, whole: range === null }, async (bytes) => {
    hash.update(bytes)
    await write(bytes)
  })
  const digest = hash.digest('hex')
  if (range === null && file.sha256 !== null && digest !== file.sha256) {
    throw new CommandFailure(`What arrived is not what was stored: SHA-256 is ${digest}, recorded is ${file.sha256}`)
  }
}

/** The bytes that a range names, `end` excluded. */
export function spanOf(range: string, size: number): Span {
  const [first = '', last = ''] = range.split('-')
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (start >= end) throw new CommandFailure(`The range ${range} lies outside the file, which has ${size} bytes`)
  return { start, end }
}

type Fetching = { client: Client; fileId: string; span: Span; whole: boolean }

async function fetchSpan({ client, fileId, span, whole }: Fetching, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  let at = span.start
  let etag: string | undefined
  for (let fruitless = 0; at < span.end || (whole && span.end === 0 && etag === undefined); ) {
    const before = at
    try {
      const asWhole = whole && at === 0
      const request = asWhole ? {} : { range: `bytes=${at}-${span.end - 1}`, ...(etag === undefined ? {} : { ifRange: etag }) }
      const response = await client.files.download(fileId, request)
      if (!asWhole && response.status !== 206) throw new CommandFailure('The file changed while it was being fetched')
      etag = response.headers.get('etag') ?? ''
      for await (const bytes of readBody(response)) {
        if (at + bytes.length > span.end) throw new CommandFailure('The server sent more bytes than the file has')
        await write(bytes)
        at += bytes.length
      }
      if (at < span.end) throw new NetworkProblem('failed')
    } catch (error) {
      fruitless = at > before ? 0 : fruitless + 1
      if (fruitless >= FRUITLESS || !mayPass(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 200 * 2 ** fruitless)))
    }
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof NetworkProblem || (error instanceof ApiProblem && (error.status >= 500 || error.status === 429))

async function* readBody(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  try {
    for (;;) {
      const { done, value } = await readInTime(reader)
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

function readInTime(reader: Reader): ReturnType<Reader['read']> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NetworkProblem('timeout')), STALL_MS)
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      finish()
    }
    reader.read().then(
      (result) => settle(() => resolve(result)),
      (error: unknown) => settle(() => reject(new NetworkProblem('failed', error))),
    )
  })
}
