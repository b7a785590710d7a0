import { createHash, createHmac, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { breakOff } from '../../../test/servers/break-off.ts'

/** What goes wrong with a part on its way into the bucket. Bytes are counted over the request's body. */
export type BucketFault =
  | { readonly kind: 'reset'; readonly afterBytes: number }
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'half-close' }
  | { readonly kind: 'answer'; readonly status: number; readonly code: string; readonly message?: string; readonly retryAfter?: string }
  | { readonly kind: 'no-etag' }
  | { readonly kind: 'expire' }
  | { readonly kind: 'run'; readonly work: () => unknown }

export type BucketPart = { readonly bytes: Buffer; readonly etag: string }

/** A bucket on an origin of its own that takes parts by signed requests and knows no other sender. */
export interface BucketServer extends AsyncDisposable {
  readonly url: string
  readonly faults: { fault: BucketFault; times: number }[]
  /** Of every request: what it brought along. */
  readonly requests: {
    readonly method: string
    readonly url: string
    readonly headers: IncomingMessage['headers']
    readonly status: number
  }[]
  /** Multipart uploads that are open, with their parts. */
  readonly uploads: Map<string, Map<number, BucketPart>>
  begin(): string
  /** A request for one part that is good for `seconds`; fewer than none makes one that has lapsed. */
  sign(uploadId: string, number: number, seconds: number): string
  stop(): Promise<void>
}

const secret = randomUUID()
const signature = (path: string) => createHmac('sha256', secret).update(path).digest('hex')
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')

export async function startBucketServer(): Promise<BucketServer> {
  const sockets = new Set<Socket>()
  const bucket: Omit<BucketServer, 'url' | 'stop' | 'sign' | typeof Symbol.asyncDispose> = {
    faults: [],
    requests: [],
    uploads: new Map(),
    begin() {
      const id = randomUUID()
      bucket.uploads.set(id, new Map())
      return id
    },
  }
  const server = createServer((request, response) => void take(bucket, request, response))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  const sign = (uploadId: string, number: number, seconds: number) => {
    const path = `/bucket/object?uploadId=${uploadId}&partNumber=${number}&until=${Date.now() + seconds * 1000}`
    return `${url}${path}&signature=${signature(path)}`
  }
  return { ...bucket, url, sign, stop, [Symbol.asyncDispose]: stop }
}

type Bucket = Pick<BucketServer, 'faults' | 'requests' | 'uploads'>

async function take(bucket: Bucket, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const rule = bucket.faults.find(({ times }) => times > 0)
  if (rule !== undefined) rule.times -= 1
  const fault = rule?.fault ?? null
  const { method = '', url = '/', headers } = request
  const tell = (status: number, code: string, extra: { message?: string; headers?: Record<string, string> } = {}) => {
    bucket.requests.push({ method, url, headers, status })
    const body = code === '' ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${extra.message ?? ''}</Message></Error>`
    response.writeHead(status, { ...extra.headers, connection: status > 299 ? 'close' : 'keep-alive' }).end(body)
  }
  if (fault?.kind === 'run') await fault.work()
  if (fault?.kind === 'stall') return
  if (fault?.kind === 'half-close') return void request.socket.end()
  const body = await readBody(request, fault)
  if (body === null) return
  const refusal = refusalOf(url, headers)
  if (fault?.kind === 'expire') return tell(403, 'AccessDenied', { message: 'Request has expired' })
  if (fault?.kind === 'answer')
    return tell(fault.status, fault.code, {
      ...(fault.message ? { message: fault.message } : {}),
      ...(fault.retryAfter ? { headers: { 'retry-after': fault.retryAfter } } : {}),
    })
  if (refusal !== null) return tell(refusal.status, refusal.code, refusal)
  const query = new URL(url, 'http://x').searchParams
  const parts = bucket.uploads.get(query.get('uploadId') ?? '')
  if (parts === undefined) return tell(404, 'NoSuchUpload')
  const etag = `"${md5(body)}"`
  parts.set(Number(query.get('partNumber')), { bytes: body, etag })
  if (fault?.kind === 'lose-answer') return void request.socket.destroy()
  tell(200, '', fault?.kind === 'no-etag' ? {} : { headers: { etag } })
}

/** S3 takes a signed request as it was signed: not late, not with a second proof of who is asking, not in chunks. */
function refusalOf(url: string, headers: IncomingMessage['headers']): { status: number; code: string; message?: string } | null {
  const [path, given] = url.split('&signature=')
  if (headers.authorization !== undefined || headers.cookie !== undefined) return { status: 400, code: 'InvalidArgument' }
  if (headers['content-length'] === undefined) return { status: 411, code: 'MissingContentLength' }
  if (given === undefined || given !== signature(path ?? '')) return { status: 403, code: 'SignatureDoesNotMatch' }
  const until = Number(new URL(url, 'http://x').searchParams.get('until'))
  return Date.now() > until ? { status: 403, code: 'AccessDenied', message: 'Request has expired' } : null
}

async function readBody(request: IncomingMessage, fault: BucketFault | null): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request) {
      chunks.push(chunk)
      bytes += chunk.length
      if (fault?.kind !== 'reset' || bytes < fault.afterBytes) continue
      breakOff(request.socket)
      return null
    }
  } catch {
    return null
  }
  if (fault?.kind === 'reset') breakOff(request.socket)
  return fault?.kind === 'reset' ? null : Buffer.concat(chunks)
}
