import { Page, Token, TokenCreate, TokenCreated } from '@holdfast/api'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams, ListQuery } from './parameters.ts'

const tags = ['API tokens']

export function registerTokenRoutes(app: HttpApp, { tokens }: Services): void {
  const list = { summary: 'List API tokens, without their secrets', tags, querystring: ListQuery, response: answers({ 200: Page(Token) }) }
  app.get('/api/v1/tokens', { config: { permission: 'token.read' }, schema: list }, (request) => tokens.list(request.caller, request.query))

  const create = {
    summary: 'Make an API token',
    description: 'The secret is in this answer alone. It is not kept, so a repetition with the same Idempotency-Key gets 409.',
    tags,
    headers: IdempotencyKey,
    body: TokenCreate,
    response: answers({ 201: TokenCreated }, ['CONFLICT']),
  }
  app.post('/api/v1/tokens', { config: { permission: 'token.write', idempotent: 'once' }, schema: create }, async (request, reply) =>
    reply.code(201).send(await tokens.create(request.caller, request.body)),
  )

  const revoke = { summary: 'Revoke an API token', tags, params: IdParams, response: answers({ 204: NoContent }, ['NOT_FOUND']) }
  app.delete('/api/v1/tokens/:id', { config: { permission: 'token.write' }, schema: revoke }, async (request, reply) => {
    await tokens.revoke(request.caller, request.params.id)
    return reply.code(204).send()
  })
}
