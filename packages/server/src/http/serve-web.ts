import { access } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { Problem } from '@holdfast/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpApp } from './app-types.ts'
import { sendProblem } from './problems.ts'
import { pagePolicy } from './security-headers.ts'
import type { Services } from './services.ts'

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Holdfast</title>
<h1>The web app is not built</h1><p>Run <code>npm run build</code> where Holdfast is installed, then start it again. The API is at
<a href="/api/docs/">/api/docs</a>.</p></html>`

const isBuilt = (root: string): Promise<boolean> =>
  access(join(root, 'index.html')).then(
    () => true,
    () => false,
  )

/** Files whose name holds a hash of their content (Vite puts those under assets/). */
const neverChanges = (path: string): boolean => /[\\/]assets[\\/][^\\/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9.]+$/.test(path)

const cacheControlOf = (path: string): string => {
  if (neverChanges(path)) return 'public, max-age=31536000, immutable'
  return /[\\/]index\.html$/.test(path) ? 'no-store' : 'no-cache'
}

const wantsPage = ({ method, headers }: FastifyRequest): boolean =>
  (method === 'GET' || method === 'HEAD') && (headers.accept === undefined || /text\/html|\*\/\*/.test(headers.accept))

type PageServices = Pick<Services, 'sessions' | 'access' | 'bucketOrigins'>

/**
 * Nobody learns of buckets who is not signed in: without a session there are none. Where it can't be known the page is served without
 * them, and tells by itself what is wrong.
 */
async function bucketsFor({ headers, id, log }: FastifyRequest, reply: FastifyReply, services: PageServices): Promise<string[]> {
  if (headers.cookie === undefined) return []
  try {
    const session = await services.sessions.find(headers.cookie)
    const caller = session && (await services.access.callerOfUser(session.userId, id))
    for (const line of session?.setCookies ?? []) reply.header('set-cookie', line)
    return caller ? await services.bucketOrigins.list(caller) : []
  } catch (err) {
    log.warn({ err }, 'a page is served without the buckets of its reader')
    return []
  }
}

/**
 * Serves the built web app from `root`: hashed assets for ever, everything else revalidated, and index.html never stored.
 * Paths that are no file are pages of the app; paths under /api, and files that are missing, are 404. A page may talk to the buckets
 * of whoever is signed in when it is loaded.
 */
export async function registerWeb(app: HttpApp, root: string | null, services: PageServices): Promise<void> {
  const built = root !== null && (await isBuilt(root))
  if (built) {
    await app.register(fastifyStatic, {
      root,
      index: false,
      cacheControl: false,
      preCompressed: true,
      setHeaders: (reply, path) => {
        reply.header('cache-control', cacheControlOf(path))
      },
    })
  }
  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (!built) return reply.code(503).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(notBuilt)
    const policy = String(reply.getHeader('content-security-policy') ?? '')
    reply.header('content-security-policy', pagePolicy(policy, await bucketsFor(request, reply, services)))
    return reply.sendFile('index.html')
  }
  app.get('/', { schema: { hide: true } }, (request, reply) => page(request, reply))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const isFile = /\.[a-z0-9]+$/i.test(path)
    if (root !== null && !isFile && !/^\/(api|healthz|readyz)(\/|$)/.test(path) && wantsPage(request)) return page(request, reply)
    return sendProblem(new Problem('NOT_FOUND', 'There is no such address here.'), request, reply)
  })
}
