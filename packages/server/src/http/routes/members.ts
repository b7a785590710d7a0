import { Member, MemberCreate, MemberUpdate, Page } from '@holdfast/api'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, ListQuery, UserParams } from './parameters.ts'

const tags = ['Members']

export function registerMemberRoutes(app: HttpApp, { members }: Services): void {
  const list = { summary: 'List the people of this tenant', tags, querystring: ListQuery, response: answers({ 200: Page(Member) }) }
  app.get('/api/v1/members', { config: { permission: 'member.read' }, schema: list }, (request) =>
    members.list(request.caller, request.query),
  )

  const create = {
    summary: 'Add a person who signs in with a password',
    tags,
    headers: IdempotencyKey,
    body: MemberCreate,
    response: answers({ 201: Member }, ['CONFLICT']),
  }
  app.post('/api/v1/members', { config: { permission: 'member.write', idempotent: 'replay' }, schema: create }, async (request, reply) =>
    reply.code(201).send(await members.create(request.caller, request.body)),
  )

  const update = {
    summary: 'Change the role, the name or the password of a person',
    description: 'There is always an administrator: the last one cannot get another role.',
    tags,
    params: UserParams,
    body: MemberUpdate,
    response: answers({ 200: Member }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.patch('/api/v1/members/:userId', { config: { permission: 'member.write' }, schema: update }, (request) =>
    members.update(request.caller, request.params.userId, request.body),
  )

  const remove = {
    summary: 'Remove a person and end their sessions',
    tags,
    params: UserParams,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.delete('/api/v1/members/:userId', { config: { permission: 'member.write' }, schema: remove }, async (request, reply) => {
    await members.remove(request.caller, request.params.userId)
    return reply.code(204).send()
  })
}
