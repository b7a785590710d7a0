import { randomBytes } from 'node:crypto'
import { corsRules } from '../core/s3-policy.ts'
import { changedBytes, type DirectProbe, type DirectProbeOptions, deleteStep, sha256 } from './direct-steps.ts'
import type { ProbeStep } from './probe-steps.ts'
import { createS3, openS3TargetOver, type S3Options } from './s3.ts'
import { allows, askAsBrowser, type BrowserAnswer, preflight } from './s3-browser.ts'
import { toS3StorageError } from './s3-errors.ts'
import { StorageError } from './target.ts'

const PROBE_BYTES = 1000
const EXPIRES_IN_SECONDS = 300

/** What to do about CORS: the rule itself, since it is to be copied. */
const withRule = (origin: string, message: string): StorageError =>
  new StorageError('denied', message, {
    remedy: `Give the bucket this CORS rule, then test again: ${JSON.stringify(corsRules(origin))}`,
  })

function requirePreflight(answer: BrowserAnswer, origin: string): void {
  const { status, headers } = answer
  if (status >= 500) throw new StorageError('unavailable', `The bucket answered the question of a browser with status ${status}`)
  const allowed = headers['access-control-allow-origin']
  if (status >= 300 || allowed === undefined) {
    throw withRule(origin, `The bucket has no CORS rule that lets pages of ${origin} send parts (preflight: status ${status})`)
  }
  if (!allows(allowed, origin)) throw withRule(origin, `The CORS rule of the bucket is for other origins than ${origin}`)
  if (!allows(headers['access-control-allow-methods'], 'PUT')) throw withRule(origin, 'The CORS rule of the bucket does not allow PUT')
}

/** The ETag of a part, which completion needs; only with its name among the exposed headers may a page read it. */
function etagOf({ headers }: BrowserAnswer, origin: string): string {
  const { etag } = headers
  if (!etag)
    throw new StorageError('unavailable', 'The bucket answers without an ETag', { remedy: 'Check proxies in front of the bucket.' })
  if (!allows(headers['access-control-allow-origin'], origin)) {
    throw withRule(origin, `The answer to a part may not be read by pages of ${origin}`)
  }
  if (!allows(headers['access-control-expose-headers'], 'ETag')) {
    throw withRule(origin, 'Pages may send parts, but not read their ETag: the CORS rule lacks ETag among ExposeHeaders')
  }
  return etag
}

/** What a bucket says in the body of a refusal (S3, "Error responses"), as every other refusal of its is told. */
function requireTaken({ status, body }: BrowserAnswer, action: string): void {
  if (status < 300) return
  const [, code = 'Unknown'] = /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(Buffer.from(body).toString()) ?? []
  throw toS3StorageError({ name: code, $metadata: { httpStatusCode: status } }, action)
}

/** The way that parts take from a browser straight to the bucket, with every question that a browser asks (R3). */
export function bucketProbe(options: S3Options, { key, origin }: DirectProbeOptions): DirectProbe {
  const s3 = createS3(options)
  const target = openS3TargetOver(s3, options)
  const bytes = randomBytes(PROBE_BYTES)
  let write = ''
  let partUrl = ''
  let sent: BrowserAnswer | null = null
  let etag = ''
  let fetched = new Uint8Array()
  const getPresign = () => {
    if (!target.presign) throw new StorageError('closed', 'The bucket takes no signed requests')
    return target.presign
  }
  const step = (name: string, run: (signal: AbortSignal) => Promise<string | null>): ProbeStep => ({ name, run })
  return {
    steps: [
      step('Ask as a browser whether parts may be sent (CORS)', async (signal) => {
        write = await target.beginWrite(key, bytes.length, { signal })
        const request = await getPresign().part(key, write, 1, { expiresInSeconds: EXPIRES_IN_SECONDS, size: bytes.length })
        partUrl = request.url
        requirePreflight(await askAsBrowser(s3, preflight(partUrl, origin), { signal }), origin)
        return `for ${origin}`
      }),
      step('Send a part by a signed request', async (signal) => {
        const headers = { origin, 'content-length': String(bytes.length) }
        sent = await askAsBrowser(s3, { method: 'PUT', url: partUrl, headers, body: bytes }, { signal })
        requireTaken(sent, 's3:PutObject')
        return `${bytes.length} bytes`
      }),
      step('Read its ETag', async () => {
        etag = sent ? etagOf(sent, origin) : ''
        return etag
      }),
      step('Put the file together', async (signal) => {
        await target.commitWrite(key, write, [{ number: 1, size: bytes.length, tag: etag }], { signal })
        return null
      }),
      step('Fetch it by a signed request', async (signal) => {
        const { url } = await getPresign().get(key, { expiresInSeconds: EXPIRES_IN_SECONDS })
        const answer = await askAsBrowser(s3, { method: 'GET', url, headers: { origin } }, { signal })
        requireTaken(answer, 's3:GetObject')
        fetched = new Uint8Array(answer.body)
        return null
      }),
      step('Compare the content', async () => {
        if (sha256(fetched) !== sha256(bytes)) throw changedBytes()
        return `SHA-256 ${sha256(fetched)}`
      }),
      deleteStep(() => target, key),
    ],
    async [Symbol.asyncDispose]() {
      if (write !== '') await target.abortWrite(key, write).catch(() => {})
      await target.delete(key).catch(() => {})
      await target[Symbol.asyncDispose]()
    },
  }
}
