import {
  AccessEvent,
  AccessEventQuery,
  Asset,
  AssetQuery,
  AssetVerification,
  EvidenceReport,
  Page,
  SignDownload,
  SignedDownload,
  UploadIntentComplete,
  UploadIntentCompleted,
  UploadIntentCreate,
  UploadIntentCreated,
} from '@holdfast/api'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { clientGone } from '../client-gone.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import { keyOf } from '../repeated.ts'
import type { Services } from '../services.ts'
import { registerEvidenceLinks } from './evidence-links.ts'
import type { RouteContext } from './index.ts'
import { originOf } from './origin.ts'
import { IdempotencyKey, IdParams, IfMatch } from './parameters.ts'

const tags = ['Evidence']
const intents = '/api/v1/evidence/upload-intents'
const assets = '/api/v1/evidence/assets'

export function registerEvidenceRoutes(app: HttpApp, services: Services, context: RouteContext): void {
  registerIntents(app, services, context)
  registerAssets(app, services)
  registerBytes(app, services, context)
  registerEvidenceLinks(app, services)
}

function registerIntents(app: HttpApp, { evidence }: Services, context: RouteContext): void {
  const create = {
    summary: 'Make an upload intent, and the asset that it stands for',
    description:
      'A repetition with the same Idempotency-Key answers the same intent with a fresh URL and replayed: true, without any limit in time. ' +
      'Where its upload ended without an asset, it begins anew under the same intent.',
    tags,
    headers: IdempotencyKey,
    body: UploadIntentCreate,
    response: answers({ 200: UploadIntentCreated, 201: UploadIntentCreated }, [
      ...(['INVALID_FILE_NAME', 'FILE_TOO_LARGE', 'CONFLICT', 'UPLOAD_CLOSED', 'NOT_FOUND', 'TARGET_REMOVED'] as const),
      ...(['TOO_MANY_UPLOADS', 'QUOTA_FULL', 'TARGET_UNAVAILABLE'] as const),
    ]),
  }
  app.post(intents, { config: { permission: 'file.upload' }, schema: create }, async (request, reply) => {
    const asked = { input: request.body, idempotencyKey: keyOf(request), origin: originOf(request, context) }
    const made = await evidence.createIntent(request.caller, asked)
    if (made.replayed) return reply.header('idempotency-replayed', 'true').code(200).send(made)
    return reply.code(201).header('location', `${assets}/${made.asset.id}`).send(made)
  })

  const complete = {
    summary: 'Complete an upload intent',
    description:
      'Size and checksum are compared with what is stored. The asset is uploaded then, and verified in the background. Repeatable.',
    tags,
    params: IdParams,
    body: UploadIntentComplete,
    response: answers({ 200: UploadIntentCompleted }, [
      ...(['UPLOAD_URL_EXPIRED', 'CHECKSUM_MISMATCH', 'OBJECT_NOT_RECEIVED', 'NOT_FOUND', 'CONFLICT', 'UPLOAD_CLOSED'] as const),
      ...(['PARTS_MISSING', 'TARGET_REMOVED', 'TARGET_UNAVAILABLE', 'DISK_FULL'] as const),
    ]),
  }
  app.post(`${intents}/:id/complete`, { config: { permission: 'file.upload' }, schema: complete }, (request) =>
    evidence.completeIntent(request.caller, { id: request.params.id, checksum: request.body.checksum }),
  )

  const cancel = {
    summary: 'Cancel an upload intent',
    description: 'Its asset is deleted. Repeatable; UPLOAD_CLOSED where it is completed or has expired.',
    tags,
    params: IdParams,
    response: answers({ 200: UploadIntentCompleted }, ['NOT_FOUND', 'UPLOAD_CLOSED', 'LEGAL_HOLD']),
  }
  app.post(`${intents}/:id/cancel`, { config: { permission: 'file.upload' }, schema: cancel }, (request) =>
    evidence.cancelIntent(request.caller, request.params.id),
  )
}

function registerAssets(app: HttpApp, { evidence }: Services): void {
  const list = {
    summary: 'List assets, newest first',
    description: 'Deleted ones only where status asks for them.',
    tags,
    querystring: AssetQuery,
    response: answers({ 200: Page(Asset) }),
  }
  app.get(assets, { config: { permission: 'file.read' }, schema: list }, (request) => evidence.list(request.caller, request.query))

  const get = {
    summary: 'Get an asset, also a deleted one',
    description: 'Noted as an access event.',
    tags,
    params: IdParams,
    response: answers({ 200: Asset }, ['NOT_FOUND']),
  }
  app.get(`${assets}/:id`, { config: { permission: 'file.read' }, schema: get }, async (request, reply) =>
    tagged(reply, await evidence.get(request.caller, request.params.id)),
  )

  const archive = {
    summary: 'Archive a verified asset',
    description: 'Nothing is linked to it any more; it can still be read. Repeatable.',
    tags,
    params: IdParams,
    headers: IfMatch,
    response: answers({ 200: Asset }, ['NOT_FOUND', 'FILE_NOT_READY', 'OBJECT_REJECTED', 'FILE_DAMAGED', 'PRECONDITION_FAILED']),
  }
  app.post(`${assets}/:id/archive`, { config: { permission: 'file.delete' }, schema: archive }, async (request, reply) =>
    tagged(reply, await evidence.archive(request.caller, request.params.id, expectedVersion(request))),
  )

  const remove = {
    summary: 'Delete an asset',
    description: 'Its bytes are removed by a background job; its events and links stay readable. Repeatable.',
    tags,
    params: IdParams,
    headers: IfMatch,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'LEGAL_HOLD', 'CONFLICT', 'PRECONDITION_FAILED']),
  }
  app.delete(`${assets}/:id`, { config: { permission: 'file.delete' }, schema: remove }, async (request, reply) => {
    await evidence.remove(request.caller, request.params.id, expectedVersion(request))
    return reply.code(204).send()
  })

  const report = {
    summary: 'How many assets are in which state',
    description: 'Aggregates alone: neither ids, names nor keys.',
    tags,
    response: answers({ 200: EvidenceReport }),
  }
  app.get('/api/v1/evidence/report', { config: { permission: 'file.read' }, schema: report }, (request) => evidence.report(request.caller))
}

const notReadable = [
  ...(['NOT_FOUND', 'FILE_NOT_READY', 'OBJECT_REJECTED', 'FILE_DAMAGED', 'OBJECT_MISSING'] as const),
  ...(['TARGET_REMOVED', 'TARGET_UNAVAILABLE'] as const),
]

function registerBytes(app: HttpApp, { evidence }: Services, context: RouteContext): void {
  const sign = {
    summary: 'Get a URL for the bytes of a verified asset',
    description: 'Whoever holds the URL can read them until it expires. inline only holds for types that run nothing.',
    tags,
    params: IdParams,
    body: SignDownload,
    response: answers({ 200: SignedDownload }, notReadable),
  }
  app.post(`${assets}/:id/sign-download`, { config: { permission: 'file.download' }, schema: sign }, (request) =>
    evidence.signDownload(request.caller, { id: request.params.id, origin: originOf(request, context), ...request.body }),
  )

  const verify = {
    summary: 'Read the stored object of an asset and compare it with what is recorded',
    tags,
    params: IdParams,
    response: answers({ 200: AssetVerification }, [...notReadable, 'RATE_LIMIT_EXCEEDED']),
  }
  app.post(`${assets}/:id/verify`, { config: { permission: 'file.read' }, schema: verify }, (request, reply) =>
    evidence.verify(request.caller, { id: request.params.id, signal: clientGone(reply) }),
  )

  const events = {
    summary: 'Who read, signed, downloaded, linked, unlinked and verified an asset, newest first',
    description: 'Entries of the audit log, which proves them; they outlive the asset.',
    tags,
    params: IdParams,
    querystring: AccessEventQuery,
    response: answers({ 200: Page(AccessEvent) }, ['NOT_FOUND']),
  }
  app.get(`${assets}/:id/access-events`, { config: { permission: 'audit.read' }, schema: events }, (request) =>
    evidence.accessEvents(request.caller, { id: request.params.id, query: request.query }),
  )
}
