import type { Readable } from 'node:stream'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import { request, type S3 } from './s3-place.ts'
import type { CallOptions } from './target.ts'

/** One request as the browser of a page makes it: over the connections of the target, signed by nothing but its URL. */
export type BrowserRequest = {
  readonly method: 'OPTIONS' | 'PUT' | 'GET'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}
export type BrowserAnswer = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }

/** Answers to requests like these are short; what is longer is not read. */
const MOST_BYTES = 1024 * 1024

async function readShort(body: Readable | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk as Uint8Array)
    length += (chunk as Uint8Array).length
    if (length > MOST_BYTES) break
  }
  return Buffer.concat(chunks)
}

/** Resolves with the answer whatever its status. The URL is a bearer token: it is in no error. */
export const askAsBrowser = (s3: S3, asked: BrowserRequest, options?: CallOptions): Promise<BrowserAnswer> =>
  request('a request as a browser makes it', options, async (http) => {
    const url = new URL(asked.url)
    const handler = s3.client.config.requestHandler as NodeHttpHandler
    const { response } = await handler.handle(
      {
        ...{ protocol: url.protocol, hostname: url.hostname, path: url.pathname, query: Object.fromEntries(url.searchParams) },
        ...(url.port ? { port: Number(url.port) } : {}),
        ...{ method: asked.method, headers: { host: url.host, ...asked.headers }, body: asked.body },
      } as never,
      http,
    )
    return { status: response.statusCode, headers: response.headers, body: await readShort(response.body as Readable | undefined) }
  })

/** Whether a list in a header of CORS (Fetch, "HTTP responses") holds `wanted` or everything. */
export const allows = (value: string | undefined, wanted: string): boolean =>
  (value ?? '').split(',').some((item) => ['*', wanted.toLowerCase()].includes(item.trim().toLowerCase()))

/** The question that a browser asks before it sends a part (Fetch, "CORS-preflight fetch"). */
export const preflight = (url: string, origin: string): BrowserRequest => ({
  method: 'OPTIONS',
  url,
  headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
})
