import { Type } from 'typebox'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'

const tags = ['Operation']
const Health = Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false })
const Readiness = Type.Object(
  { ready: Type.Boolean(), checks: Type.Record(Type.String(), Type.Boolean()) },
  { additionalProperties: false, description: 'Each check by name' },
)
const config = { permission: 'public' as const }

/** For load balancers and service managers: /healthz says that the process answers, /readyz that it can do its work. */
export function registerHealthRoutes(app: HttpApp, { system }: Services): void {
  const health = { summary: 'Whether the process is alive', tags, response: answers({ 200: Health }, [], { public: true }) }
  app.get('/healthz', { config, schema: health }, () => ({ status: 'ok' as const }))

  const ready = {
    summary: 'Whether the database answers',
    tags,
    response: answers({ 200: Readiness, 503: Readiness }, [], { public: true }),
  }
  app.get('/readyz', { config, schema: ready }, async (_request, reply) => {
    const state = await system.readiness()
    return reply.code(state.ready ? 200 : 503).send(state)
  })
}
