import { access } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { Problem } from '@holdfast/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpApp } from './app-types.ts'
import { sendProblem } from './problems.ts'

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

/**
 * Serves the built web app from `root`: hashed assets for ever, everything else revalidated, and index.html never stored.
 * Paths that are no file are pages of the app; paths under /api, and files that are missing, are 404.
 */
export async function registerWeb(app: HttpApp, root: string | null): Promise<void> {
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
  const page = (reply: FastifyReply): FastifyReply => {
    if (built) return reply.sendFile('index.html')
    return reply.code(503).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(notBuilt)
  }
  app.get('/', { schema: { hide: true } }, (_request, reply) => page(reply))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const isFile = /\.[a-z0-9]+$/i.test(path)
    if (root !== null && !isFile && !/^\/(api|healthz|readyz)(\/|$)/.test(path) && wantsPage(request)) return page(reply)
    return sendProblem(new Problem('NOT_FOUND', 'There is no such address here.'), request, reply)
  })
}
