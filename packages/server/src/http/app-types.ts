import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { Permission } from '../core/access.ts'
import type { Caller } from '../core/actor.ts'

/** A Fastify instance whose handlers are typed from the TypeBox schemas of their routes. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What a route needs of its caller: a permission, any valid sign-in, or nothing. */
export type RoutePermission = Permission | 'signed-in' | 'public'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route under /api must have one; registration fails without. */
    permission?: RoutePermission
    /**
     * Honours Idempotency-Key. 'replay': the same key and body get the first answer again for 24 hours.
     * 'once': the answer holds a secret that is never stored, so a repetition gets 409 instead of the answer.
     * 'again': the answer holds what expires, so the handler makes it anew from the id that it left in `request.made`.
     */
    idempotent?: 'replay' | 'once' | 'again'
    /** The body is large and may take long: no deadline, only a lowest pace. */
    longBody?: boolean
  }
  interface FastifyRequest {
    /** Who asks. Throws UNAUTHORIZED on public routes without a sign-in. */
    readonly caller: Caller
    /** On routes that are idempotent 'again': what the first request of this Idempotency-Key made; null for the first one. */
    madeBefore: string | null
    /** On such routes: the id of what was made, for repetitions. */
    made: string | null
  }
}
