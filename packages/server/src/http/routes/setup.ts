import { SetupRequest, SetupState } from '@holdfast/api'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { refuseOtherOrigin } from '../same-origin.ts'
import type { Services } from '../services.ts'
import { createSignInThrottle } from '../sign-in-throttle.ts'
import type { RouteContext } from './index.ts'

const tags = ['Setup']

/** The first administrator of a new server. */
export function registerSetupRoutes(app: HttpApp, { setup }: Services, { origins, clock }: RouteContext): void {
  const throttle = createSignInThrottle(clock)
  const state = {
    summary: 'Whether the first administrator is still to be made',
    tags,
    response: answers({ 200: SetupState }, [], { public: true }),
  }
  app.get('/api/v1/setup', { config: { permission: 'public' }, schema: state }, () => setup.state())

  const run = {
    summary: 'Make the first administrator',
    description: 'With the one-time code that the server printed at its start. Works once.',
    tags,
    body: SetupRequest,
    response: answers({ 201: SetupState }, ['FORBIDDEN', 'CONFLICT', 'RATE_LIMIT_EXCEEDED'], { public: true }),
  }
  app.post('/api/v1/setup', { config: { permission: 'public' }, schema: run }, async (request, reply) => {
    refuseOtherOrigin(request, origins)
    const attempt = throttle.begin('setup', request.ip)
    const done = await setup.run(request.body, request.id)
    attempt.succeeded()
    return reply.code(201).send(done)
  })
}
