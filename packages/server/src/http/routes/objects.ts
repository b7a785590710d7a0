import {
  ObjectComplete,
  ObjectDownload,
  ObjectDownloadQuery,
  ObjectInitiate,
  ObjectInitiated,
  ObjectQuery,
  Page,
  StoredObject,
} from '@holdfast/api'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import type { RouteContext } from './index.ts'
import { registerObjectContent } from './object-content.ts'
import { originOf } from './origin.ts'
import { IdempotencyKey, IdParams, IfMatch } from './parameters.ts'

const tags = ['Objects']

export async function registerObjectRoutes(app: HttpApp, services: Services, context: RouteContext): Promise<void> {
  registerUploads(app, services, context)
  registerReading(app, services, context)
  await app.register(async (scope) => registerObjectContent(scope as unknown as HttpApp, services))
}

function registerUploads(app: HttpApp, { objects }: Services, context: RouteContext): void {
  const initiate = {
    summary: 'Begin the upload of an object',
    description:
      'Answers where to PUT the bytes, with which headers, until when. A repetition with the same Idempotency-Key answers the same object ' +
      'with a fresh URL, also after the first has expired.',
    tags,
    headers: IdempotencyKey,
    body: ObjectInitiate,
    response: answers({ 201: ObjectInitiated }, [
      ...(['INVALID_FILE_NAME', 'TYPE_NOT_ALLOWED', 'FILE_TOO_LARGE', 'CONFLICT', 'UPLOAD_CLOSED', 'NOT_FOUND'] as const),
      ...(['TARGET_REMOVED', 'TOO_MANY_UPLOADS', 'QUOTA_FULL', 'TARGET_UNAVAILABLE'] as const),
    ]),
  }
  const config = { permission: 'file.upload', idempotent: 'again' } as const
  app.post('/api/v1/uploads/initiate', { config, schema: initiate }, async (request, reply) => {
    const origin = originOf(request, context)
    const made =
      request.madeBefore === null
        ? await objects.initiate(request.caller, { input: request.body, origin })
        : await objects.reissue(request.caller, { id: request.madeBefore, origin })
    request.made = made.storedObject.id
    return reply.code(201).header('location', `/api/v1/uploads/${made.storedObject.id}`).send(made)
  })

  const complete = {
    summary: 'Complete the upload of an object',
    description:
      'Size and checksums are compared with what is stored; then it is SCANNING until it is judged, and READY or REJECTED. Repeatable.',
    tags,
    params: IdParams,
    body: ObjectComplete,
    response: answers({ 200: StoredObject }, [
      ...(['UPLOAD_URL_EXPIRED', 'CHECKSUM_MISMATCH', 'OBJECT_NOT_RECEIVED', 'NOT_FOUND', 'CONFLICT', 'UPLOAD_CLOSED'] as const),
      ...(['PARTS_MISSING', 'TARGET_REMOVED', 'TARGET_UNAVAILABLE', 'DISK_FULL'] as const),
    ]),
  }
  app.post('/api/v1/uploads/:id/complete', { config: { permission: 'file.upload' }, schema: complete }, async (request, reply) =>
    tagged(reply, await objects.complete(request.caller, { id: request.params.id, declared: request.body })),
  )
}

function registerReading(app: HttpApp, { objects }: Services, context: RouteContext): void {
  const list = {
    summary: 'List objects, newest first',
    tags,
    querystring: ObjectQuery,
    response: answers({ 200: Page(StoredObject) }),
  }
  app.get('/api/v1/uploads', { config: { permission: 'file.read' }, schema: list }, (request) =>
    objects.list(request.caller, request.query),
  )

  const get = { summary: 'Get an object', tags, params: IdParams, response: answers({ 200: StoredObject }, ['NOT_FOUND']) }
  app.get('/api/v1/uploads/:id', { config: { permission: 'file.read' }, schema: get }, async (request, reply) =>
    tagged(reply, await objects.get(request.caller, request.params.id)),
  )

  const download = {
    summary: 'Get a URL for the bytes of an object',
    description: 'Whoever holds the URL can read the object until it expires. inline only holds for types that run nothing.',
    tags,
    params: IdParams,
    querystring: ObjectDownloadQuery,
    response: answers({ 200: ObjectDownload }, [
      ...(['NOT_FOUND', 'FILE_NOT_READY', 'OBJECT_REJECTED', 'FILE_DAMAGED', 'OBJECT_MISSING'] as const),
      ...(['TARGET_REMOVED', 'TARGET_UNAVAILABLE'] as const),
    ]),
  }
  app.post('/api/v1/uploads/:id/download-url', { config: { permission: 'file.download' }, schema: download }, (request) =>
    objects.downloadUrl(request.caller, { id: request.params.id, origin: originOf(request, context), ...request.query }),
  )

  const remove = {
    summary: 'Delete an object',
    description: 'An upload under way is cancelled. The stored bytes are removed by a background job.',
    tags,
    params: IdParams,
    headers: IfMatch,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'LEGAL_HOLD', 'CONFLICT', 'PRECONDITION_FAILED']),
  }
  app.delete('/api/v1/uploads/:id', { config: { permission: 'file.delete' }, schema: remove }, async (request, reply) => {
    await objects.remove(request.caller, request.params.id, expectedVersion(request))
    return reply.code(204).send()
  })
}
