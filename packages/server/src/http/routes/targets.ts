import { Page, Target, TargetTest, TargetUpdate } from '@holdfast/api'
import { Type } from 'typebox'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { clientGone } from '../client-gone.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import { IdParams, IfMatch, ListQuery } from './parameters.ts'

const tags = ['Storage']
const RemoveQuery = Type.Object(
  { confirm: Type.Optional(Type.String({ maxLength: 200, description: 'The name of the target; needed while files are stored there' })) },
  { additionalProperties: false },
)

export function registerTargetRoutes(app: HttpApp, { targets }: Services): void {
  const list = { summary: 'List storage targets with their usage', tags, querystring: ListQuery, response: answers({ 200: Page(Target) }) }
  app.get('/api/v1/targets', { config: { permission: 'target.read' }, schema: list }, (request) =>
    targets.list(request.caller, request.query),
  )

  const get = { summary: 'Get a storage target', tags, params: IdParams, response: answers({ 200: Target }, ['NOT_FOUND']) }
  app.get('/api/v1/targets/:id', { config: { permission: 'target.read' }, schema: get }, async (request, reply) =>
    tagged(reply, await targets.get(request.caller, request.params.id)),
  )

  const update = {
    summary: 'Change name or quota',
    description: 'quotaBytes null means no quota. A quota below what is stored refuses new files and leaves those that are there.',
    tags,
    params: IdParams,
    headers: IfMatch,
    body: TargetUpdate,
    response: answers({ 200: Target }, ['NOT_FOUND', 'PRECONDITION_FAILED']),
  }
  app.patch('/api/v1/targets/:id', { config: { permission: 'target.write' }, schema: update }, async (request, reply) => {
    const change = { expectedVersion: expectedVersion(request), changes: request.body }
    return tagged(reply, await targets.update(request.caller, request.params.id, change))
  })

  const remove = {
    summary: 'Delete a storage target',
    description: 'Its files stay listed as orphaned. The built-in Local target cannot be deleted.',
    tags,
    params: IdParams,
    querystring: RemoveQuery,
    headers: IfMatch,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED']),
  }
  app.delete('/api/v1/targets/:id', { config: { permission: 'target.write' }, schema: remove }, async (request, reply) => {
    const options = { expectedVersion: expectedVersion(request), confirm: request.query.confirm ?? null }
    await targets.remove(request.caller, request.params.id, options)
    return reply.code(204).send()
  })

  const test = {
    summary: 'Test connection: write, read back, compare, delete',
    tags,
    params: IdParams,
    response: answers({ 200: TargetTest }, ['NOT_FOUND']),
  }
  app.post('/api/v1/targets/:id/test', { config: { permission: 'target.write' }, schema: test }, (request, reply) =>
    targets.test(request.caller, request.params.id, clientGone(reply)),
  )
}
