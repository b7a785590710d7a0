import { Migration, MigrationCreate, MigrationPlan, Move, MoveQuery, Page, PageQuery } from '@holdfast/api'
import { Type } from 'typebox'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams } from './parameters.ts'

const tags = ['Storage']
const Pages = Type.Object(PageQuery, { additionalProperties: false })

/** Moves of all files of one target to another (R5). */
export function registerMigrationRoutes(app: HttpApp, { migrations }: Services): void {
  const read = { permission: 'target.read' as const }
  const write = { permission: 'target.write' as const }
  const list = { summary: 'List migrations, newest first', tags, querystring: Pages, response: answers({ 200: Page(Migration) }) }
  app.get('/api/v1/migrations', { config: read, schema: list }, (request) => migrations.list(request.caller, request.query))

  const plan = {
    summary: 'Say what a migration would move, and change nothing',
    tags,
    body: MigrationCreate,
    response: answers({ 200: MigrationPlan }, ['NOT_FOUND']),
  }
  app.post('/api/v1/migrations/plan', { config: read, schema: plan }, (request) => migrations.plan(request.caller, request.body))

  const start = {
    summary: 'Move all files of a target to another',
    description: 'In the background. Each copy is read back and compared before the file counts as moved; only then the old object goes.',
    tags,
    headers: IdempotencyKey,
    body: MigrationCreate,
    response: answers({ 201: Migration }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.post('/api/v1/migrations', { config: { ...write, idempotent: 'replay' }, schema: start }, async (request, reply) => {
    const made = await migrations.start(request.caller, request.body)
    return reply.code(201).header('location', `/api/v1/migrations/${made.id}`).send(made)
  })

  const get = { summary: 'Get a migration', tags, params: IdParams, response: answers({ 200: Migration }, ['NOT_FOUND']) }
  app.get('/api/v1/migrations/:id', { config: read, schema: get }, (request) => migrations.get(request.caller, request.params.id))

  const moves = {
    summary: 'List what became of each file of a migration, newest first',
    tags,
    params: IdParams,
    querystring: MoveQuery,
    response: answers({ 200: Page(Move) }, ['NOT_FOUND']),
  }
  app.get('/api/v1/migrations/:id/moves', { config: read, schema: moves }, (request) =>
    migrations.moves(request.caller, request.params.id, request.query),
  )

  const steps = [
    ['pause', 'Pause a migration: no further file begins'],
    ['resume', 'Go on with a paused migration'],
    ['cancel', 'End a migration; what was moved stays moved'],
  ] as const
  for (const [step, summary] of steps) {
    const schema = { summary, tags, params: IdParams, response: answers({ 200: Migration }, ['NOT_FOUND', 'CONFLICT']) }
    app.post(`/api/v1/migrations/:id/${step}`, { config: write, schema }, (request) => migrations[step](request.caller, request.params.id))
  }
}
