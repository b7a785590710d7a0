import { ObjectClass, ObjectClassCreate, ObjectClassUpdate, Page } from '@holdfast/api'
import { Type } from 'typebox'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IfMatch } from './parameters.ts'

const tags = ['Objects']
const ClassParams = Type.Object({ name: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }, { additionalProperties: false })

export function registerObjectClassRoutes(app: HttpApp, { objectClasses }: Services): void {
  const list = {
    summary: 'List object classes: built in, of the configuration file, and own',
    tags,
    response: answers({ 200: Page(ObjectClass) }),
  }
  app.get('/api/v1/object-classes', { config: { permission: 'class.read' }, schema: list }, (request) => objectClasses.list(request.caller))

  const get = { summary: 'Get an object class', tags, params: ClassParams, response: answers({ 200: ObjectClass }, ['NOT_FOUND']) }
  app.get('/api/v1/object-classes/:name', { config: { permission: 'class.read' }, schema: get }, async (request, reply) =>
    tagged(reply, await objectClasses.get(request.caller, request.params.name)),
  )

  const create = {
    summary: 'Make an object class',
    tags,
    headers: IdempotencyKey,
    body: ObjectClassCreate,
    response: answers({ 201: ObjectClass }, ['CONFLICT']),
  }
  app.post(
    '/api/v1/object-classes',
    { config: { permission: 'class.write', idempotent: 'replay' }, schema: create },
    async (request, reply) => {
      const made = await objectClasses.create(request.caller, request.body)
      return tagged(reply.code(201).header('location', `/api/v1/object-classes/${made.name}`), made)
    },
  )
  registerChanges(app, objectClasses)
}

function registerChanges(app: HttpApp, objectClasses: Services['objectClasses']): void {
  const update = {
    summary: 'Change an object class of your own',
    description: 'For uploads that begin from now on; those under way keep the class as it was.',
    tags,
    params: ClassParams,
    headers: IfMatch,
    body: ObjectClassUpdate,
    response: answers({ 200: ObjectClass }, ['NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED']),
  }
  app.patch('/api/v1/object-classes/:name', { config: { permission: 'class.write' }, schema: update }, async (request, reply) => {
    const asked = { changes: request.body, expectedVersion: expectedVersion(request) }
    return tagged(reply, await objectClasses.update(request.caller, request.params.name, asked))
  })

  const remove = {
    summary: 'Delete an object class of your own',
    description: 'Objects that are stored under it stay as they are.',
    tags,
    params: ClassParams,
    headers: IfMatch,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED']),
  }
  app.delete('/api/v1/object-classes/:name', { config: { permission: 'class.write' }, schema: remove }, async (request, reply) => {
    await objectClasses.remove(request.caller, request.params.name, expectedVersion(request))
    return reply.code(204).send()
  })
}
