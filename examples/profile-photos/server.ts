import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { ObjectComplete, StoredObject } from '@holdfast/api'
import { ApiProblem, createClient, type FileFacts, NetworkProblem, type ObjectPlace } from '@holdfast/client'

// The backend of the app: it holds the API token, decides whose photo it is and which rules it is under, and passes the calls on.
// The bytes never come through here: the page sends them to the address that Holdfast gives.

const holdfast = createClient({ baseUrl: process.env.HOLDFAST_URL ?? 'http://localhost:8080', token: process.env.HOLDFAST_TOKEN })
const port = Number(process.env.PORT ?? 3000)
const pages = join(import.meta.dirname, 'dist')

/** Who is signed in. A real app takes this from its session. */
const place: ObjectPlace = { objectClass: 'USER_PROFILE_PHOTO', ownerEntityType: 'User', ownerEntityId: 'usr_ada' }

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

type Request = { readonly id: string; readonly body: unknown; readonly headers: IncomingMessage['headers'] }
type Handler = (request: Request) => Promise<unknown>

/** Of this user alone: another's id is as good as none. */
async function getOwn(id: string): Promise<StoredObject> {
  const object = await holdfast.objects.get(id)
  const own = object.ownerEntityType === place.ownerEntityType && object.ownerEntityId === place.ownerEntityId
  if (!own) throw new Refusal(404, 'There is no such photo.')
  return object
}

const header = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

const routes: Record<string, Handler> = {
  // Holdfast checks the facts against the schema; the place comes last, so that a page cannot choose another.
  'POST /api/uploads/initiate': ({ body, headers }) =>
    holdfast.objects.initiate({ ...(body as FileFacts), ...place }, { idempotencyKey: header(headers['idempotency-key']) }),
  'POST /api/uploads/:id/complete': async ({ id, body }) => {
    await getOwn(id)
    return holdfast.objects.complete(id, body as ObjectComplete)
  },
  'GET /api/uploads/:id': ({ id }) => getOwn(id),
  'DELETE /api/uploads/:id': async ({ id, headers }) => {
    await getOwn(id)
    const version = Number(header(headers['if-match'])?.replaceAll('"', ''))
    await holdfast.objects.remove(id, Number.isInteger(version) ? { ifVersion: version } : {})
  },
  'GET /api/photos': async () => {
    const { ownerEntityType, ownerEntityId } = place
    const { items } = await holdfast.objects.list({ ownerEntityType, ownerEntityId, status: 'READY', limit: 50 })
    return { items }
  },
  'POST /api/photos/:id/url': async ({ id }) => {
    await getOwn(id)
    return holdfast.objects.downloadUrl(id, { disposition: 'inline' })
  },
}

const MOST_BODY_BYTES = 16_384

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > MOST_BODY_BYTES) throw new Refusal(413, 'The request is too large.')
  }
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'The request is no JSON.')
  }
}

function find(method: string, path: string): { handler: Handler; id: string } | null {
  const id = /^\/api\/(?:uploads|photos)\/([0-9a-f-]{36})(?:\/|$)/.exec(path)?.[1] ?? ''
  const handler = routes[`${method} ${id === '' ? path : path.replace(id, ':id')}`]
  return handler ? { handler, id } : null
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://app')
  if (!pathname.startsWith('/api/')) return servePage(pathname, response)
  // Pages of other sites may not act for whoever is signed in here.
  const from = request.headers['sec-fetch-site']
  if (from !== undefined && from !== 'same-origin') throw new Refusal(403, 'Only pages of this app may ask.')
  const found = find(request.method ?? '', pathname)
  if (found === null) throw new Refusal(404, 'There is no such address.')
  const value = await found.handler({ id: found.id, body: await readBody(request), headers: request.headers })
  send(response, value === undefined ? 204 : 200, value)
}

function send(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers })
  response.end(value === undefined ? undefined : JSON.stringify(value))
}

type Failure = { readonly status: number; readonly document: unknown; readonly retryAfter?: number | null }
const say = (status: number, detail: string): Failure => ({ status, document: { title: detail, status, detail } })

/** What Holdfast says goes to the page as it is: it is written for people and holds no secret. */
function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return say(error.status, error.message)
  if (error instanceof NetworkProblem) return say(503, 'The file store does not answer.')
  if (error instanceof ApiProblem && error.status !== 401)
    return { status: error.status, document: error.document, retryAfter: error.retryAfterSeconds }
  console.error(error instanceof ApiProblem ? 'Holdfast does not accept HOLDFAST_TOKEN.' : error)
  return say(500, 'Something went wrong.')
}

function sendFailure(response: ServerResponse, error: unknown): void {
  const { status, document, retryAfter = null } = failureOf(error)
  send(response, status, document, retryAfter === null ? {} : { 'retry-after': String(retryAfter) })
}

const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' }
/** Photos come from Holdfast or a bucket, and go there; code comes from here alone (WebAssembly: the digest). */
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src * ; img-src * data: blob:; frame-ancestors 'none'"

async function servePage(pathname: string, response: ServerResponse): Promise<void> {
  const name = /^\/assets\/[\w.-]+$/.test(pathname) ? pathname : '/index.html'
  const bytes = await readFile(join(pages, name)).catch(() => {
    throw new Refusal(404, 'The page is not built; npm run example builds it.')
  })
  response.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream', 'content-security-policy': policy })
  response.end(bytes)
}

if (!process.env.HOLDFAST_TOKEN) {
  console.error('HOLDFAST_TOKEN is missing: make one with "npx holdfast token create --data data --role examiner".')
  process.exit(1)
}
const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => sendFailure(response, error))
})
server.listen(port, 'localhost', () => console.log(`The example is at http://localhost:${(server.address() as AddressInfo).port}`))
