import { Item, ItemCreate, ItemUpdate, Page } from '@holdfast/api'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import { CaseParams, IdempotencyKey, IfMatch, ItemParams, ListQuery } from './parameters.ts'

const tags = ['Items']

export function registerItemRoutes(app: HttpApp, services: Services): void {
  registerList(app, services)
  registerOne(app, services)
}

function registerList(app: HttpApp, { items }: Services): void {
  const list = {
    summary: 'List the evidence items of a case, newest first',
    tags,
    params: CaseParams,
    querystring: ListQuery,
    response: answers({ 200: Page(Item) }, ['NOT_FOUND']),
  }
  app.get('/api/v1/cases/:caseId/items', { config: { permission: 'case.read' }, schema: list }, (request) =>
    items.list(request.caller, request.params.caseId, request.query),
  )

  const create = {
    summary: 'Make an evidence item',
    tags,
    params: CaseParams,
    headers: IdempotencyKey,
    body: ItemCreate,
    response: answers({ 201: Item }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.post(
    '/api/v1/cases/:caseId/items',
    { config: { permission: 'case.write', idempotent: 'replay' }, schema: create },
    async (request, reply) => {
      const made = await items.create(request.caller, request.params.caseId, request.body)
      return reply.code(201).header('location', `/api/v1/cases/${made.caseId}/items/${made.id}`).send(tagged(reply, made))
    },
  )
}

function registerOne(app: HttpApp, { items }: Services): void {
  const get = { summary: 'Get an evidence item', tags, params: ItemParams, response: answers({ 200: Item }, ['NOT_FOUND']) }
  app.get('/api/v1/cases/:caseId/items/:itemId', { config: { permission: 'case.read' }, schema: get }, async (request, reply) =>
    tagged(reply, await items.get(request.caller, request.params)),
  )

  const update = {
    summary: 'Change the title of an evidence item',
    tags,
    params: ItemParams,
    headers: IfMatch,
    body: ItemUpdate,
    response: answers({ 200: Item }, ['NOT_FOUND', 'PRECONDITION_FAILED']),
  }
  app.patch('/api/v1/cases/:caseId/items/:itemId', { config: { permission: 'case.write' }, schema: update }, async (request, reply) => {
    const change = { expectedVersion: expectedVersion(request), changes: request.body }
    return tagged(reply, await items.update(request.caller, request.params, change))
  })

  const remove = {
    summary: 'Delete an evidence item with all its files',
    tags,
    params: ItemParams,
    headers: IfMatch,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'LEGAL_HOLD', 'PRECONDITION_FAILED']),
  }
  app.delete('/api/v1/cases/:caseId/items/:itemId', { config: { permission: 'case.delete' }, schema: remove }, async (request, reply) => {
    await items.remove(request.caller, request.params, expectedVersion(request))
    return reply.code(204).send()
  })
}
