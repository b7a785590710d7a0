import type { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { NodeHttpHandler } from '@smithy/node-http-handler'
import { request, type S3 } from './s3-place.ts'
import type { CallOptions } from './target.ts'

/**
 * Asks the bucket as a browser at `origin` would before it sends a part (Fetch, "CORS-preflight fetch"): whether PUT is allowed and
 * whether scripts may read the ETag of the answer.
 */
export async function corsAllows(s3: S3, Key: string, options: CallOptions & { origin: string }): Promise<boolean> {
  const url = new URL(await getSignedUrl(s3.client as never, new PutObjectCommand({ Bucket: s3.bucket, Key }) as never, { expiresIn: 60 }))
  const base = {
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    ...(url.port ? { port: Number(url.port) } : {}),
  }
  const ask = (method: 'OPTIONS' | 'PUT', headers: Record<string, string>) =>
    request('CORS', options, async (http) => {
      const handler = s3.client.config.requestHandler as NodeHttpHandler
      const { response } = await handler.handle(
        { ...base, method, headers: { host: url.host, origin: options.origin, ...headers } } as never,
        http,
      )
      const body = response.body as Readable | undefined
      body?.on('error', () => {})
      body?.destroy()
      return response
    })
  const preflight = await ask('OPTIONS', { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' })
  const allows = (value: string | undefined, wanted: string): boolean =>
    (value ?? '').split(',').some((item) => ['*', wanted.toLowerCase()].includes(item.trim().toLowerCase()))
  const { headers } = preflight
  if (preflight.statusCode >= 300 || !allows(headers['access-control-allow-origin'], options.origin)) return false
  if (!allows(headers['access-control-allow-methods'], 'PUT')) return false
  const put = await ask('PUT', { 'content-length': '0' })
  return allows(put.headers['access-control-allow-origin'], options.origin) && allows(put.headers['access-control-expose-headers'], 'ETag')
}
