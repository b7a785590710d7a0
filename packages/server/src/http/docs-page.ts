import { hash } from 'node:crypto'
import { type ProblemCode, problems } from '@holdfast/api'
import fastify, { type FastifyReply } from 'fastify'
import type { HttpApp } from './app-types.ts'

const prefix = '/api/docs'
const hidden = { config: { permission: 'public' as const }, schema: { hide: true } }

type Assets = { readonly page: string; readonly script: string; readonly policy: string }

/**
 * The page reads the OpenAPI document of this server and talks to this server alone. Its one inline script is allowed by its hash;
 * the component library sets styles at run time.
 */
const policyOf = (page: string): string => {
  const inline = [...page.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, text]) => `'sha256-${hash('sha256', text ?? '', 'base64')}'`,
  )
  return [
    "default-src 'none'",
    `script-src 'self' ${inline.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The page and its script as the reference package serves them, loaded at the first visit: they take 40 MB. */
async function loadAssets(): Promise<Assets> {
  const { default: reference } = await import('@scalar/fastify-api-reference')
  const source = fastify()
  await source.register(reference, {
    routePrefix: prefix,
    configuration: {
      url: '/api/v1/openapi.json',
      pageTitle: 'Holdfast API',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: 'never',
    },
  })
  const [page, script] = await Promise.all([source.inject(`${prefix}/`), source.inject(`${prefix}/js/scalar.js`)])
  await source.close()
  return { page: page.body, script: script.body, policy: policyOf(page.body) }
}

const problemsPage = (): string => {
  const rows = Object.entries(problems).map(
    ([code, { status, title, remedy }]) =>
      `<dt id="${code}"><code>${code satisfies string as ProblemCode}</code> (${status})</dt><dd>${title}. ${remedy}</dd>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems of the Holdfast API</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}dt{margin-top:1rem}dd{margin:0}:target{background:#fe9}
</style><h1>Problems of the Holdfast API</h1><dl>${rows.join('\n')}</dl></html>`
}

/** The browsable reference at /api/docs, and at /api/docs/problems what each problem code means. Nothing is loaded from elsewhere (N4). */
export function registerDocsPage(app: HttpApp): void {
  let assets: Promise<Assets> | undefined
  const load = () => {
    assets ??= loadAssets()
    return assets
  }
  app.get(prefix, hidden, (_request, reply) => reply.redirect(`${prefix}/`, 301))
  app.get(`${prefix}/`, hidden, async (_request, reply) => {
    const { page, policy } = await load()
    return html(reply, page).header('content-security-policy', policy)
  })
  app.get(`${prefix}/js/scalar.js`, hidden, async (_request, reply) =>
    reply
      .type('text/javascript; charset=utf-8')
      .header('cache-control', 'public, max-age=3600')
      .send((await load()).script),
  )
  app.get(`${prefix}/problems`, hidden, (_request, reply) => html(reply, problemsPage()))
}

const html = (reply: FastifyReply, page: string): FastifyReply =>
  reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(page)
