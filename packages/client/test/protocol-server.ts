import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  type Part,
  Problem,
  type ProblemCode,
  type File as StoredFile,
  toProblemDocument,
  type UploadCreate,
  type UploadSession,
} from '@holdfast/api'
import { dropUnproven, keepReceipts, partUrls } from './bucket-protocol.ts'
import type { BucketServer } from './bucket-server.ts'

/** What goes wrong with a request. Bytes are counted over the request's body. */
export type Fault =
  | { readonly kind: 'drop-body'; readonly afterBytes: number }
  | { readonly kind: 'lose-answer' }
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfter?: string; readonly code?: ProblemCode }
  | { readonly kind: 'flip-byte' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'run'; readonly work: () => unknown }

export type FaultRule = { readonly on: Operation; readonly fault: Fault; times: number }
export type Operation = 'create' | 'get-session' | 'put' | 'complete' | 'abort' | 'get-file' | 'list' | 'part-urls' | 'receipts' | 'other'

export type Upload = {
  session: UploadSession
  parts: Map<number, Buffer>
  contentType: string | undefined
  /** The multipart upload in the bucket, and the ETags that the sender told of. */
  bucket: { id: string; etags: Map<number, string> } | null
}

/** All that the server knows; survives a restart of it. */
export type World = {
  readonly uploads: Map<string, Upload>
  readonly files: Map<string, StoredFile & { bytes: Buffer; polls: number }>
  readonly idempotent: Map<string, UploadSession>
  readonly requests: { operation: Operation; method: string; path: string; headers: IncomingMessage['headers'] }[]
  readonly faults: FaultRule[]
  /** `pendingCompletes`: so many completions are told that the storage is still at it. */
  readonly settings: { partSize: number; pollsUntilReady: number; token: string; urlSeconds: number; pendingCompletes: number }
  /** Where the parts of direct files go; without it they come through this server. */
  bucket: BucketServer | null
}

export const createWorld = (settings: Partial<World['settings']> = {}): World => ({
  uploads: new Map(),
  files: new Map(),
  idempotent: new Map(),
  requests: [],
  faults: [],
  settings: { partSize: 64 * 1024, pollsUntilReady: 1, token: 'hf_test', urlSeconds: 60, pendingCompletes: 0, ...settings },
  bucket: null,
})

export const caseId = '01890000-0000-7000-8000-000000000001'
const now = () => new Date().toISOString()
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The upload protocol on a real socket, with faults where a test asks for them. It computes every digest itself. */
export interface ProtocolServer extends AsyncDisposable {
  readonly url: string
  readonly world: World
  /** Closes the port and every connection, as a killed process does. */
  stop(): Promise<void>
  /** Opens the same port again. */
  start(): Promise<void>
}

export async function startProtocolServer(world: World = createWorld()): Promise<ProtocolServer> {
  let server: Server
  let port = 0
  const sockets = new Set<Socket>()
  const start = async () => {
    server = createServer((request, response) => void serve(world, request, response))
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  await start()
  return { url: `http://127.0.0.1:${port}`, world, start, stop, [Symbol.asyncDispose]: stop }
}

function operationOf(method: string, path: string): Operation {
  if (/^\/api\/v1\/files\/[^/]+$/.test(path)) return 'get-file'
  if (path === '/api/v1/upload-sessions') return method === 'POST' ? 'create' : 'list'
  if (!path.startsWith('/api/v1/upload-sessions/')) return 'other'
  if (path.includes('/parts/')) return 'put'
  for (const operation of ['complete', 'part-urls', 'receipts'] as const) if (path.endsWith(`/${operation}`)) return operation
  return method === 'DELETE' ? 'abort' : 'get-session'
}

async function readBody(request: IncomingMessage, fault: Fault | null): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request) {
      chunks.push(chunk)
      bytes += chunk.length
      if (fault?.kind !== 'drop-body' || bytes < fault.afterBytes) continue
      request.socket.destroy()
      return null
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks)
}

async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x')
  const operation = operationOf(request.method ?? '', pathname)
  world.requests.push({ operation, method: request.method ?? '', path: pathname, headers: request.headers })
  const rule = world.faults.find((candidate) => candidate.on === operation && candidate.times > 0)
  const fault = rule?.fault ?? null
  if (rule !== undefined) rule.times -= 1
  if (fault?.kind === 'run') await fault.work()
  if (fault?.kind === 'answer') return refuse(response, fault)
  if (fault?.kind === 'stall') return
  const body = await readBody(request, fault)
  if (body === null) return
  if (fault?.kind === 'drop-body') return void request.socket.destroy()
  if (fault?.kind === 'flip-byte' && body.length > 0) body[0]! ^= 1
  try {
    if (request.headers.authorization !== `Bearer ${world.settings.token}`) throw new Problem('UNAUTHORIZED')
    const answer = answerTo({ world, operation, pathname, searchParams, body, headers: request.headers })
    if (fault?.kind === 'lose-answer') return void request.socket.destroy()
    const text = answer === undefined ? '' : JSON.stringify(answer)
    response.writeHead(text === '' ? 204 : 200, { 'content-type': 'application/json' }).end(text)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    response.writeHead(error.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(toProblemDocument(error, 'req-1')))
  }
}

function refuse(response: ServerResponse, fault: Fault & { kind: 'answer' }): void {
  const headers = {
    'content-type': 'application/problem+json',
    connection: 'close',
    ...(fault.retryAfter ? { 'retry-after': fault.retryAfter } : {}),
  }
  const document = fault.code ? toProblemDocument(new Problem(fault.code), 'req-1') : {}
  response.writeHead(fault.status, headers).end(JSON.stringify(document))
}

type Ask = {
  world: World
  operation: Operation
  pathname: string
  searchParams: URLSearchParams
  body: Buffer
  headers: IncomingMessage['headers']
}

function answerTo(ask: Ask): unknown {
  const { world, operation, pathname, searchParams, body, headers } = ask
  const id = pathname.split('/')[4] ?? ''
  if (operation === 'create') return create(world, JSON.parse(body.toString()), String(headers['idempotency-key']))
  if (operation === 'list') return page(world, searchParams)
  if (operation === 'get-file') {
    const file = world.files.get(id)
    if (file === undefined) throw new Problem('NOT_FOUND')
    file.polls += 1
    return prove(world, file)
  }
  const upload = world.uploads.get(id)
  if (upload === undefined) throw new Problem('NOT_FOUND')
  if (operation === 'put') return put(upload, Number(pathname.split('/')[6]), { body, digest: headers['content-digest'] })
  if (operation === 'complete') return complete(world, upload, JSON.parse(body.toString()).sha256)
  if (operation === 'abort') return abort(world, upload)
  if (operation === 'part-urls') return partUrls(world, upload, JSON.parse(body.toString()).numbers)
  if (operation === 'receipts') return keepReceipts(world, upload, JSON.parse(body.toString()))
  return shown(upload)
}

const shown = ({ session, parts }: Upload): UploadSession => ({
  ...session,
  receivedParts: [...parts].sort(([a], [b]) => a - b).map(([number, bytes]) => receiptOf(number, bytes)),
  receivedBytes: [...parts.values()].reduce((sum, bytes) => sum + bytes.length, 0),
})
const receiptOf = (number: number, bytes: Buffer): Part => ({ number, size: bytes.length, sha256: sha256(bytes), storedAt: now() })

function create(world: World, request: UploadCreate, key: string): UploadSession {
  const before = world.idempotent.get(key)
  if (before !== undefined) return shown(world.uploads.get(before.id)!)
  const { partSize } = world.settings
  const session: UploadSession = {
    id: randomUUID(),
    fileId: randomUUID(),
    caseId: request.caseId,
    itemId: request.itemId ?? null,
    name: request.name,
    tier: request.tier ?? 'secure',
    delivery: request.tier === 'direct' && world.bucket !== null ? 'presigned' : 'server',
    size: request.size,
    partSize,
    partCount: Math.ceil(request.size / partSize),
    status: 'open',
    receivedParts: [],
    receivedBytes: 0,
    createdAt: now(),
    expiresAt: now(),
  }
  const bucket = session.delivery === 'presigned' ? { id: world.bucket!.begin(), etags: new Map<number, string>() } : null
  world.uploads.set(session.id, { session, parts: new Map(), contentType: request.contentType, bucket })
  world.idempotent.set(key, session)
  return session
}

/** Pages of two, so that following the cursor is tried. */
function page(world: World, query: URLSearchParams): unknown {
  const all = [...world.uploads.values()].filter(({ session }) => session.status === 'open' && session.caseId === query.get('caseId'))
  const from = Number(query.get('cursor') ?? 0)
  return { items: all.slice(from, from + 2).map(shown), nextCursor: from + 2 < all.length ? String(from + 2) : null }
}

function put({ session, parts }: Upload, number: number, sent: { body: Buffer; digest: string | string[] | undefined }): Part {
  if (session.status !== 'open') throw new Problem('UPLOAD_CLOSED')
  if (!(number >= 1 && number <= session.partCount)) throw new Problem('PART_OUT_OF_RANGE')
  const size = Math.min(session.partSize, session.size - (number - 1) * session.partSize)
  if (sent.body.length !== size) throw new Problem('SIZE_MISMATCH')
  const declared = sent.digest === undefined ? null : Buffer.from(String(sent.digest).slice(9, -1), 'base64').toString('hex')
  if (declared !== null && declared !== sha256(sent.body)) throw new Problem('DIGEST_MISMATCH')
  parts.set(number, sent.body)
  return receiptOf(number, sent.body)
}

function complete(world: World, upload: Upload, declared: string): StoredFile {
  const { session, parts } = upload
  const before = world.files.get(session.fileId)
  if (before !== undefined) return prove(world, before)
  if (session.status !== 'open') throw new Problem('UPLOAD_CLOSED')
  dropUnproven(world, upload)
  if (parts.size < session.partCount) throw new Problem('PARTS_MISSING')
  if (world.settings.pendingCompletes > 0) {
    world.settings.pendingCompletes -= 1
    return { ...newFile(upload), status: 'PENDING_UPLOAD' }
  }
  session.status = 'completed'
  const bytes = Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, part]) => part))
  const file = { ...newFile(upload), declaredSha256: declared, bytes, polls: 0 }
  world.files.set(file.id, file)
  return prove(world, file)
}

const newFile = ({ session, contentType }: Upload): StoredFile => ({
  id: session.fileId,
  caseId: session.caseId,
  itemId: session.itemId,
  tier: session.tier,
  name: session.name,
  contentType: contentType ?? 'application/octet-stream',
  size: session.size,
  status: 'SCANNING',
  statusReason: null,
  syncing: false,
  syncTarget: null,
  held: false,
  sha256: null,
  declaredSha256: null,
  verifiedAt: null,
  target: { id: randomUUID(), name: 'Local', kind: 'local', removed: false },
  uploadedBy: 'test',
  createdAt: now(),
  readyAt: null,
  uploadId: session.id,
  version: 1,
  hashState: 'none',
  diskSha256: null,
  atRest: null,
  discovered: false,
  missingSince: null,
  hashing: null,
})

function prove(world: World, file: StoredFile & { bytes: Buffer; polls: number }): StoredFile {
  if (file.polls >= world.settings.pollsUntilReady) {
    file.sha256 = sha256(file.bytes)
    const proven = file.sha256 === file.declaredSha256 && file.bytes.length === file.size
    file.status = proven ? 'READY' : 'FAILED'
    if (!proven) file.statusReason = 'The stored bytes are not those that were declared'
  }
  const { bytes: _bytes, polls: _polls, ...answer } = file
  return answer
}

function abort(world: World, { session, parts, bucket }: Upload): void {
  if (session.status === 'completed') throw new Problem('UPLOAD_CLOSED')
  session.status = 'aborted'
  if (bucket !== null) world.bucket!.uploads.delete(bucket.id)
  parts.clear()
}
