import { Page, Reconciliation, ReconciliationApply, ReconciliationFinding, ReconciliationFindingQuery } from '@holdfast/api'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams, ListQuery } from './parameters.ts'

const tags = ['Storage']
const read = { permission: 'target.read' as const }
const write = { permission: 'target.write' as const }

/** Comparison of what apps have stored at a target with the records of it, both ways. */
export function registerReconciliationRoutes(app: HttpApp, services: Services): void {
  registerReports(app, services)
  registerSteps(app, services)
}

function registerReports(app: HttpApp, { reconciliations }: Services): void {
  const start = {
    summary: 'Compare what apps have stored at a target with the records of it, both ways',
    description:
      'In the background. Objects without a file and objects of another size are reported; files without their object are flagged as ' +
      'missing. Nothing is deleted until the report is applied.',
    tags,
    params: IdParams,
    headers: IdempotencyKey,
    response: answers({ 201: Reconciliation }, ['NOT_FOUND', 'CONFLICT', 'TARGET_REMOVED']),
  }
  app.post('/api/v1/targets/:id/reconciliations', { config: { ...write, idempotent: 'replay' }, schema: start }, async (request, reply) => {
    const made = await reconciliations.start(request.caller, request.params.id)
    return reply.code(201).header('location', `/api/v1/reconciliations/${made.id}`).send(made)
  })

  const list = {
    summary: 'List the reconciliations of a target, newest first',
    tags,
    params: IdParams,
    querystring: ListQuery,
    response: answers({ 200: Page(Reconciliation) }, ['NOT_FOUND']),
  }
  app.get('/api/v1/targets/:id/reconciliations', { config: read, schema: list }, (request) =>
    reconciliations.list(request.caller, request.params.id, request.query),
  )

  const get = {
    summary: 'Get a reconciliation with its counts',
    tags,
    params: IdParams,
    response: answers({ 200: Reconciliation }, ['NOT_FOUND']),
  }
  app.get('/api/v1/reconciliations/:id', { config: read, schema: get }, (request) => reconciliations.get(request.caller, request.params.id))

  const findings = {
    summary: 'List what a reconciliation found, in the order in which it did',
    description: 'Findings are kept for 90 days; the counts stay.',
    tags,
    params: IdParams,
    querystring: ReconciliationFindingQuery,
    response: answers({ 200: Page(ReconciliationFinding) }, ['NOT_FOUND']),
  }
  app.get('/api/v1/reconciliations/:id/findings', { config: read, schema: findings }, (request) =>
    reconciliations.findings(request.caller, request.params.id, request.query),
  )
}

function registerSteps(app: HttpApp, { reconciliations }: Services): void {
  const apply = {
    summary: 'Remove what a report found to be surely ours and of no file',
    description:
      'In the background, once. Each object is judged again: what changed since the report, or is under a legal hold, stays. ' +
      'Without includeUnrecorded only leftovers go. Files are never touched.',
    tags,
    params: IdParams,
    body: ReconciliationApply,
    response: answers({ 200: Reconciliation }, ['NOT_FOUND', 'CONFLICT', 'TARGET_REMOVED']),
  }
  app.post('/api/v1/reconciliations/:id/apply', { config: write, schema: apply }, (request) =>
    reconciliations.apply(request.caller, request.params.id, request.body),
  )

  const cancel = {
    summary: 'End a reconciliation; what it has done stays done',
    tags,
    params: IdParams,
    response: answers({ 200: Reconciliation }, ['NOT_FOUND']),
  }
  app.post('/api/v1/reconciliations/:id/cancel', { config: write, schema: cancel }, (request) =>
    reconciliations.cancel(request.caller, request.params.id),
  )
}
