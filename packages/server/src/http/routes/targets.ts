import {
  Page,
  PageQuery,
  S3Policy,
  S3PolicyQuery,
  Target,
  TargetCreate,
  TargetQuery,
  TargetTestResult,
  TargetTry,
  TargetUpdate,
} from '@holdfast/api'
import { Type } from 'typebox'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { clientGone } from '../client-gone.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import { originOf } from '../request-origin.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams, IfMatch } from './parameters.ts'

const tags = ['Storage']
const read = { permission: 'target.read' as const }
const write = { permission: 'target.write' as const }
const ListQuery = Type.Object({ ...PageQuery, ...TargetQuery }, { additionalProperties: false })
const RemoveQuery = Type.Object(
  { confirm: Type.Optional(Type.String({ maxLength: 200, description: 'The name of the target; needed while files are stored there' })) },
  { additionalProperties: false },
)

export function registerTargetRoutes(app: HttpApp, services: Services): void {
  registerReading(app, services)
  registerTests(app, services)
  registerChanges(app, services)
}

function registerReading(app: HttpApp, { targets }: Services): void {
  const list = { summary: 'List storage targets with their usage', tags, querystring: ListQuery, response: answers({ 200: Page(Target) }) }
  app.get('/api/v1/targets', { config: read, schema: list }, (request) => targets.list(request.caller, request.query))

  const policy = {
    summary: 'Get the IAM policy and the CORS rules that an S3 target needs',
    description: 'Made from what is asked alone, for a form that is not saved yet. Without an origin, the one that the operator set.',
    tags,
    querystring: S3PolicyQuery,
    response: answers({ 200: S3Policy }),
  }
  app.get('/api/v1/targets/s3-policy', { config: read, schema: policy }, (request) => targets.s3Policy(request.query))

  const get = { summary: 'Get a storage target', tags, params: IdParams, response: answers({ 200: Target }, ['NOT_FOUND']) }
  app.get('/api/v1/targets/:id', { config: read, schema: get }, async (request, reply) =>
    tagged(reply, await targets.get(request.caller, request.params.id)),
  )
}

function registerTests(app: HttpApp, { targets }: Services): void {
  const tryOut = {
    summary: 'Test connection with fields that are not saved',
    description: 'Keeps nothing. For SFTP without a host key it asks for that alone, and sends no credentials.',
    tags,
    body: TargetTry,
    response: answers({ 200: TargetTestResult }, ['NOT_FOUND']),
  }
  app.post('/api/v1/targets/test', { config: write, schema: tryOut }, (request, reply) =>
    targets.tryOut(request.caller, request.body, { signal: clientGone(reply), origin: originOf(request) }),
  )

  const test = {
    summary: 'Test connection: write, read back, compare, delete',
    tags,
    params: IdParams,
    response: answers({ 200: TargetTestResult }, ['NOT_FOUND']),
  }
  app.post('/api/v1/targets/:id/test', { config: write, schema: test }, (request, reply) =>
    targets.test(request.caller, request.params.id, { signal: clientGone(reply), origin: originOf(request) }),
  )
}

function registerChanges(app: HttpApp, { targets }: Services): void {
  const create = {
    summary: 'Make a storage target',
    description: 'At the place of a deleted one it takes that back, with its id and its files. Nothing is connected to: test it first.',
    tags,
    headers: IdempotencyKey,
    body: TargetCreate,
    response: answers({ 201: Target }, ['CONFLICT']),
  }
  app.post('/api/v1/targets', { config: { ...write, idempotent: 'replay' }, schema: create }, async (request, reply) => {
    const made = await targets.create(request.caller, request.body)
    return tagged(reply.code(201).header('location', `/api/v1/targets/${made.id}`), made)
  })

  const update = {
    summary: 'Change name, quota, credentials, or how the same place is reached',
    description:
      'quotaBytes null means no quota. A quota below what is stored refuses new files and leaves those that are there. ' +
      'place is given whole. Another storage is another target.',
    tags,
    params: IdParams,
    headers: IfMatch,
    body: TargetUpdate,
    response: answers({ 200: Target }, ['NOT_FOUND', 'PRECONDITION_FAILED']),
  }
  app.patch('/api/v1/targets/:id', { config: write, schema: update }, async (request, reply) => {
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
  app.delete('/api/v1/targets/:id', { config: write, schema: remove }, async (request, reply) => {
    const options = { expectedVersion: expectedVersion(request), confirm: request.query.confirm ?? null }
    await targets.remove(request.caller, request.params.id, options)
    return reply.code(204).send()
  })
}
