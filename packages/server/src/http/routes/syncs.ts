import { Page, Sync, SyncStart } from '@holdfast/api'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { CaseParams, IdempotencyKey, IdParams, ListQuery } from './parameters.ts'

const tags = ['Direct storage']

/** Reconciliation of one folder of the direct tier with what lies on its storage (D13). */
export function registerSyncRoutes(app: HttpApp, { syncs }: Services): void {
  const read = { permission: 'file.read' as const }
  const sync = { permission: 'file.sync' as const }
  const start = {
    summary: 'Reconcile the folder of a case, or of one item, with what lies on its storage',
    description:
      'In the background, for exactly this folder. Mode preview changes nothing and tells what apply would do. Where more than half of the ' +
      'files would leave the list it stops, unless allowRemovals is set: a wrong mount looks the same.',
    tags,
    params: CaseParams,
    headers: IdempotencyKey,
    body: SyncStart,
    response: answers({ 201: Sync }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.post('/api/v1/cases/:caseId/syncs', { config: { ...sync, idempotent: 'replay' }, schema: start }, async (request, reply) => {
    const made = await syncs.start(request.caller, request.params.caseId, request.body)
    return reply.code(201).header('location', `/api/v1/syncs/${made.id}`).send(made)
  })

  const list = {
    summary: 'List the Syncs of a case and of its items, newest first',
    tags,
    params: CaseParams,
    querystring: ListQuery,
    response: answers({ 200: Page(Sync) }, ['NOT_FOUND']),
  }
  app.get('/api/v1/cases/:caseId/syncs', { config: read, schema: list }, (request) =>
    syncs.list(request.caller, request.params.caseId, request.query),
  )

  const get = { summary: 'Get a Sync with its report', tags, params: IdParams, response: answers({ 200: Sync }, ['NOT_FOUND']) }
  app.get('/api/v1/syncs/:id', { config: read, schema: get }, (request) => syncs.get(request.caller, request.params.id))

  const cancel = {
    summary: 'End a Sync; what it has done stays done',
    tags,
    params: IdParams,
    response: answers({ 200: Sync }, ['NOT_FOUND']),
  }
  app.post('/api/v1/syncs/:id/cancel', { config: sync, schema: cancel }, (request) => syncs.cancel(request.caller, request.params.id))
}
