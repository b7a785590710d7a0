import { Job, JobQuery, Page } from '@holdfast/api'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdParams } from './parameters.ts'

const tags = ['Background jobs']

export function registerJobRoutes(app: HttpApp, { jobs }: Services): void {
  const list = { summary: 'List background jobs, newest first', tags, querystring: JobQuery, response: answers({ 200: Page(Job) }) }
  app.get('/api/v1/jobs', { config: { permission: 'job.read' }, schema: list }, (request) => jobs.list(request.caller, request.query))

  const steered = answers({ 200: Job }, ['NOT_FOUND', 'CONFLICT'])
  const retry = { summary: 'Run a dead or cancelled job again', tags, params: IdParams, response: steered }
  app.post('/api/v1/jobs/:id/retry', { config: { permission: 'job.write' }, schema: retry }, (request) =>
    jobs.retry(request.caller, request.params.id),
  )

  const cancel = { summary: 'Cancel a queued or running job', tags, params: IdParams, response: steered }
  app.post('/api/v1/jobs/:id/cancel', { config: { permission: 'job.write' }, schema: cancel }, (request) =>
    jobs.cancel(request.caller, request.params.id),
  )
}
