import { ProblemSchema } from '@holdfast/api'
import fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { Clock } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import { bodyAnswers } from './answers.ts'
import type { HttpApp } from './app-types.ts'
import { registerAccess } from './authenticate.ts'
import { registerDocsPage } from './docs-page.ts'
import { registerOpenApi } from './openapi.ts'
import { registerPace } from './pace.ts'
import { sendProblem, toProblem } from './problems.ts'
import { registerRepeated } from './repeated.ts'
import { registerRoutes } from './routes/index.ts'
import { registerSecurityHeaders } from './security-headers.ts'
import { registerWeb } from './serve-web.ts'
import type { Services } from './services.ts'
import { compileValidator } from './validation.ts'

export type HttpConfig = {
  /** Where browsers reach this server, e.g. https://files.example.org; null where it is not known. */
  publicUrl: string | null
  /** Whether X-Forwarded-* headers are believed: false, true, or the addresses of the proxies. */
  trustProxy: boolean | string
  /** The built web app, or null to serve the API alone. */
  webRoot: string | null
  version: string
}

export type HttpServerOptions = {
  services: Services
  config: HttpConfig
  logger: FastifyBaseLogger
  clock: Clock
}

const jsonBodyLimit = 64 * 1024
const headersTimeout = 30_000
const idleTimeout = 5 * 60_000
const closingGrace = 10_000
const mostConnections = 2000

/**
 * The HTTP server, ready to listen or to `inject`. It closes with `close()`: it stops listening, closes idle connections, and gives
 * running requests 10 s to end; clients resume what is cut off then.
 *
 * Limits that hold for every request: headers within 30 s and 16 KiB, a JSON body of 64 KiB within 30 s, a connection without
 * a byte for 5 min is closed, 2000 connections. Request ids are made here; none is taken from outside.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpApp> {
  const app = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: newId,
    requestIdHeader: false,
    trustProxy: options.config.trustProxy,
    bodyLimit: jsonBodyLimit,
    requestTimeout: 0,
    connectionTimeout: idleTimeout,
    keepAliveTimeout: 72_000,
    http: { headersTimeout, maxHeaderSize: 16 * 1024 },
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => void sendProblem(toProblem(error), request, reply),
  }) as unknown as HttpApp
  app.server.maxConnections = mostConnections
  app.setValidatorCompiler(compileValidator)
  app.addSchema(ProblemSchema)
  app.removeContentTypeParser('text/plain')
  registerErrors(app)
  registerRequestLog(app, options.clock)
  registerPace(app, options.clock)
  registerClosing(app, options.clock)
  await registerSecurityHeaders(app, options.config)
  const origins = originsOf(options.config)
  registerAccess(app, { services: options.services, origins })
  registerRepeated(app, options.services.idempotency)
  await registerOpenApi(app, options.config)
  await registerRoutes(app, options.services, { clock: options.clock, origins, version: options.config.version })
  registerDocsPage(app)
  await registerWeb(app, options.config.webRoot, options.services)
  await app.ready()
  return app
}

export const originsOf = (config: Pick<HttpConfig, 'publicUrl'>): string[] =>
  config.publicUrl === null ? [] : [new URL(config.publicUrl).origin]

function registerErrors(app: HttpApp): void {
  app.addHook('onRoute', ({ schema }) => {
    if (schema?.body) schema.response = { ...bodyAnswers, ...(schema.response as object) }
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed')
    else if (problem.cause !== undefined) request.log.debug({ err: problem.cause }, 'request refused')
    return sendProblem(problem, request, reply)
  })
}

function registerClosing(app: HttpApp, clock: Clock): void {
  const closed = new AbortController()
  app.addHook('preClose', async () => {
    void clock.sleep(closingGrace, closed.signal).then(
      () => app.server.closeAllConnections(),
      () => {},
    )
  })
  app.addHook('onClose', async () => closed.abort())
}

function registerRequestLog(app: HttpApp, clock: Clock): void {
  const startedAt = new WeakMap<object, number>()
  app.addHook('onRequest', async (request, reply) => {
    startedAt.set(request, clock.now())
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const milliseconds = clock.now() - (startedAt.get(request) ?? clock.now())
    const path = request.url.split('?', 1)[0]
    request.log.info({ method: request.method, path, status: reply.statusCode, milliseconds }, 'request')
  })
}
