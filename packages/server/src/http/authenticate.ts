import { AsyncLocalStorage } from 'node:async_hooks'
import { Problem } from '@holdfast/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { mayDo, permissionsOf } from '../core/access.ts'
import type { Caller } from '../core/actor.ts'
import type { HttpApp, RoutePermission } from './app-types.ts'
import { requireSameOrigin } from './same-origin.ts'
import type { Services } from './services.ts'

type AccessServices = Pick<Services, 'access' | 'tokens' | 'sessions'>
type AccessOptions = { services: AccessServices; origins: readonly string[] }

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const callerKey = Symbol('caller')
type WithCaller = { [callerKey]?: Caller }
const contextKey = Symbol('context')
type WithContext = { [contextKey]?: (work: () => void) => void }

/**
 * Decides for every route of `app` whether the request may go on: who it is (401), from where (a cookie counts only on
 * requests of this origin), and whether the role, and the scopes of a limited token, have the permission that the route declares (403, and an audit entry).
 */
export function registerAccess(app: HttpApp, options: AccessOptions): void {
  app.decorateRequest('caller', {
    getter(this: FastifyRequest) {
      const caller = (this as WithCaller)[callerKey]
      if (!caller) throw new Problem('UNAUTHORIZED')
      return caller
    },
  })
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/') && route.config?.permission === undefined) {
      throw new Error(`The route ${route.method} ${route.url} declares no permission`)
    }
  })
  registerScope(app, options.services.access)
  app.addHook('onRequest', async (request, reply) => {
    const permission = request.routeOptions.config.permission
    if (permission === undefined || permission === 'public') return
    const caller = await authenticate(request, reply, options)
    ;(request as WithCaller)[callerKey] = caller
    await authorize(request, caller, permission, options.services)
  })
}

/** A request reaches no tenant's rows before it is known whose it is. From the parsing of a body on, events of the socket carry it on: it is put back. */
function registerScope(app: HttpApp, access: AccessServices['access']): void {
  app.addHook('onRequest', (request, _reply, done) =>
    access.forNobodyYet(() => {
      ;(request as WithContext)[contextKey] = AsyncLocalStorage.snapshot()
      done()
    }),
  )
  app.addHook('preValidation', (request, _reply, done) => {
    const context = (request as WithContext)[contextKey]
    if (context) context(done)
    else done()
  })
}

async function authenticate(request: FastifyRequest, reply: FastifyReply, { services, origins }: AccessOptions): Promise<Caller> {
  const { authorization, cookie } = request.headers
  if (authorization !== undefined) {
    const [, secret] = /^Bearer +([A-Za-z0-9._~+/=-]{1,512})$/i.exec(authorization) ?? []
    const caller = secret === undefined ? null : await services.tokens.authenticate(secret, request.id)
    if (!caller) throw new Problem('UNAUTHORIZED', 'The API token is not valid: unknown, expired or revoked.')
    return caller
  }
  const session = cookie === undefined ? null : await services.sessions.find(cookie)
  const caller = session && (await services.access.callerOfUser(session.userId, request.id))
  if (!caller) throw new Problem('UNAUTHORIZED')
  if (!safeMethods.has(request.method)) requireSameOrigin(request, origins)
  for (const line of session.setCookies) reply.header('set-cookie', line)
  return caller
}

async function authorize(request: FastifyRequest, caller: Caller, permission: RoutePermission, services: AccessServices): Promise<void> {
  if (permission === 'public' || permission === 'signed-in' || permissionsOf(caller).includes(permission)) return
  await services.access.denied(caller, { method: request.method, route: request.routeOptions.url ?? '', permission })
  const lacking = mayDo(caller.role, permission) ? 'the scopes of this token leave out' : `the role ${caller.role} does not have`
  throw new Problem('FORBIDDEN', `It takes the permission ${permission}, which ${lacking}.`)
}
