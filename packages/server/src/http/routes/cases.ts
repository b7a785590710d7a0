import { Case, CaseCreate, CaseQuery, CaseUpdate, Page } from '@holdfast/api'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import { CaseParams, IdempotencyKey, IfMatch } from './parameters.ts'

const tags = ['Cases']

export function registerCaseRoutes(app: HttpApp, { cases }: Services): void {
  const list = { summary: 'List cases, newest first', tags, querystring: CaseQuery, response: answers({ 200: Page(Case) }) }
  app.get('/api/v1/cases', { config: { permission: 'case.read' }, schema: list }, (request) => cases.list(request.caller, request.query))

  const create = {
    summary: 'Make a case',
    description: 'Its number never changes and is never used again, also after the case is deleted.',
    tags,
    headers: IdempotencyKey,
    body: CaseCreate,
    response: answers({ 201: Case }, ['CONFLICT']),
  }
  app.post('/api/v1/cases', { config: { permission: 'case.write', idempotent: 'replay' }, schema: create }, async (request, reply) => {
    const made = await cases.create(request.caller, request.body)
    return reply.code(201).header('location', `/api/v1/cases/${made.id}`).send(tagged(reply, made))
  })

  const get = { summary: 'Get a case', tags, params: CaseParams, response: answers({ 200: Case }, ['NOT_FOUND']) }
  app.get('/api/v1/cases/:caseId', { config: { permission: 'case.read' }, schema: get }, async (request, reply) =>
    tagged(reply, await cases.get(request.caller, request.params.caseId)),
  )

  const update = {
    summary: 'Change title or description',
    tags,
    params: CaseParams,
    headers: IfMatch,
    body: CaseUpdate,
    response: answers({ 200: Case }, ['NOT_FOUND', 'PRECONDITION_FAILED']),
  }
  app.patch('/api/v1/cases/:caseId', { config: { permission: 'case.write' }, schema: update }, async (request, reply) => {
    const change = { expectedVersion: expectedVersion(request), changes: request.body }
    return tagged(reply, await cases.update(request.caller, request.params.caseId, change))
  })

  const remove = {
    summary: 'Delete a case with its items and all their files',
    tags,
    params: CaseParams,
    headers: IfMatch,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'LEGAL_HOLD', 'PRECONDITION_FAILED']),
  }
  app.delete('/api/v1/cases/:caseId', { config: { permission: 'case.delete' }, schema: remove }, async (request, reply) => {
    await cases.remove(request.caller, request.params.caseId, expectedVersion(request))
    return reply.code(204).send()
  })
}
