import { Hold, HoldCreate, HoldQuery, HoldRelease, Page } from '@holdfast/api'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams } from './parameters.ts'

const tags = ['Legal holds']

export function registerHoldRoutes(app: HttpApp, { holds }: Services): void {
  const list = { summary: 'List legal holds, newest first', tags, querystring: HoldQuery, response: answers({ 200: Page(Hold) }) }
  app.get('/api/v1/holds', { config: { permission: 'hold.read' }, schema: list }, (request) => holds.list(request.caller, request.query))

  const place = {
    summary: 'Place a legal hold on a file, a case or an owner',
    description: 'Nothing deletes what it covers until it is released, by whatever way: people, retention, clean-up, Sync.',
    tags,
    headers: IdempotencyKey,
    body: HoldCreate,
    response: answers({ 201: Hold }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.post('/api/v1/holds', { config: { permission: 'hold.write', idempotent: 'replay' }, schema: place }, async (request, reply) => {
    const made = await holds.place(request.caller, request.body)
    return reply.code(201).header('location', `/api/v1/holds/${made.id}`).send(made)
  })

  const get = { summary: 'Get a legal hold', tags, params: IdParams, response: answers({ 200: Hold }, ['NOT_FOUND']) }
  app.get('/api/v1/holds/:id', { config: { permission: 'hold.read' }, schema: get }, (request) =>
    holds.get(request.caller, request.params.id),
  )

  const release = {
    summary: 'Release a legal hold',
    tags,
    params: IdParams,
    body: HoldRelease,
    response: answers({ 200: Hold }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.post('/api/v1/holds/:id/release', { config: { permission: 'hold.write' }, schema: release }, (request) =>
    holds.release(request.caller, request.params.id, request.body),
  )
}
