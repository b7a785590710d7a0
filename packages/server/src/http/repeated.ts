import { Problem } from '@holdfast/api'
import type { FastifyRequest } from 'fastify'
import type { IdempotencyService, Turn } from '../services/idempotency.ts'
import type { HttpApp } from './app-types.ts'
import { clientGone } from './client-gone.ts'

const turnKey = Symbol('turn')
type WithTurn = { [turnKey]?: Turn }
const keyPattern = /^[\x21-\x7e]{1,255}$/

/** The Idempotency-Key of a request, null without one. BAD_REQUEST where it is none. */
export function keyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || !keyPattern.test(key)) {
    throw new Problem('BAD_REQUEST', 'Idempotency-Key takes 1 to 255 visible ASCII characters.')
  }
  return key
}

/** What is kept of an answer: nothing that holds a secret or a signed URL. */
function keptOf(request: FastifyRequest, payload: unknown): string | null {
  const { idempotent } = request.routeOptions.config
  if (idempotent === 'again') return request.made
  return idempotent === 'once' ? null : String(payload)
}

/**
 * Honours Idempotency-Key on routes with `config.idempotent`, for signed-in callers: answers a repetition with what was answered
 * first and `Idempotency-Replayed: true`. An answer is kept before it is sent.
 */
export function registerRepeated(app: HttpApp, idempotency: IdempotencyService): void {
  app.decorateRequest('madeBefore', null)
  app.decorateRequest('made', null)
  app.addHook('preHandler', async (request, reply) => {
    const { config, url } = request.routeOptions
    const key = config.idempotent === undefined || config.permission === 'public' ? null : keyOf(request)
    if (key === null) return
    const content = JSON.stringify([request.params ?? null, request.body ?? null])
    const begun = await idempotency.begin(request.caller, { key, route: `${request.method} ${url}`, content }, clientGone(reply))
    if ('turn' in begun) {
      ;(request as WithTurn)[turnKey] = begun.turn
      return
    }
    if (config.idempotent === 'again' && begun.answer.body !== null) {
      request.madeBefore = begun.answer.body
      reply.header('idempotency-replayed', 'true')
      return
    }
    if (begun.answer.body === null) {
      throw new Problem('CONFLICT', 'This request was answered already, and its answer held a secret that is not kept. Make a new one.')
    }
    reply.header('idempotency-replayed', 'true').code(begun.answer.status).type('application/json; charset=utf-8').serializer(String)
    return reply.send(begun.answer.body)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const turn = (request as WithTurn)[turnKey]
    if (turn === undefined) return payload
    delete (request as WithTurn)[turnKey]
    if (reply.statusCode >= 300) await turn.forget()
    else await turn.keep({ status: reply.statusCode, body: keptOf(request, payload) })
    return payload
  })
}
