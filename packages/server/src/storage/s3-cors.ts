import { PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { allows, askAsBrowser, preflight } from './s3-browser.ts'
import type { S3 } from './s3-place.ts'
import type { CallOptions } from './target.ts'

/**
 * Asks the bucket as a browser at `origin` would before it sends a part: whether PUT is allowed and whether scripts may read the ETag
 * of the answer.
 */
export async function corsAllows(s3: S3, Key: string, options: CallOptions & { origin: string }): Promise<boolean> {
  const { origin } = options
  const url = await getSignedUrl(s3.client as never, new PutObjectCommand({ Bucket: s3.bucket, Key }) as never, { expiresIn: 60 })
  const { status, headers } = await askAsBrowser(s3, preflight(url, origin), options)
  if (status >= 300 || !allows(headers['access-control-allow-origin'], origin)) return false
  if (!allows(headers['access-control-allow-methods'], 'PUT')) return false
  const put = await askAsBrowser(s3, { method: 'PUT', url, headers: { origin, 'content-length': '0' } }, options)
  return allows(put.headers['access-control-allow-origin'], origin) && allows(put.headers['access-control-expose-headers'], 'ETag')
}
