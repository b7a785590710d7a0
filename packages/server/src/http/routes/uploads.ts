import {
  File,
  MAX_PART_PLAIN_BYTES,
  Page,
  Part,
  Problem,
  UploadComplete,
  UploadCreate,
  UploadQuery,
  UploadSession,
  Uuid,
} from '@holdfast/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { parseContentDigest } from '../../core/content-digest.ts'
import { BodyCut } from '../../services/ingest/body.ts'
import type { PartBody } from '../../services/ingest/receive-part.ts'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams } from './parameters.ts'

const tags = ['Uploads']
const config = { permission: 'file.upload' as const }
/** The number is any integer here, so that a part beyond the plan is answered as that and with the plan. */
const PartParams = Type.Object({ id: Uuid, number: Type.Integer() }, { additionalProperties: false })
export const PartHeaders = Type.Object({
  'content-length': Type.Optional(Type.String({ description: 'Required: exactly the bytes of the part' })),
  'content-digest': Type.Optional(Type.String({ maxLength: 1024, description: 'RFC 9530, e.g. sha-256=:…:' })),
})

export async function registerUploadRoutes(app: HttpApp, services: Services): Promise<void> {
  registerSessions(app, services)
  registerEnds(app, services)
  await app.register(async (scope) => registerParts(scope as unknown as HttpApp, services))
}

function registerSessions(app: HttpApp, { uploads }: Services): void {
  const create = {
    summary: 'Begin an upload',
    description: 'Answers the plan: send the bytes as parts 1 to partCount, each partSize bytes and the last what is left.',
    tags,
    headers: IdempotencyKey,
    body: UploadCreate,
    response: answers({ 201: UploadSession }, [
      'INVALID_FILE_NAME',
      'FILE_TOO_LARGE',
      'NOT_FOUND',
      'CONFLICT',
      'TARGET_REMOVED',
      'TOO_MANY_UPLOADS',
      'QUOTA_FULL',
      'TARGET_UNAVAILABLE',
    ]),
  }
  app.post('/api/v1/upload-sessions', { config: { ...config, idempotent: 'replay' }, schema: create }, async (request, reply) => {
    const made = await uploads.initiate(request.caller, request.body)
    return reply.code(201).header('location', `/api/v1/upload-sessions/${made.id}`).send(made)
  })

  const list = {
    summary: 'List uploads that are under way, newest first',
    tags,
    querystring: UploadQuery,
    response: answers({ 200: Page(UploadSession) }),
  }
  app.get('/api/v1/upload-sessions', { config, schema: list }, (request) => uploads.list(request.caller, request.query))

  const get = {
    summary: 'Get an upload with the parts that are stored: what a client goes on from',
    tags,
    params: IdParams,
    response: answers({ 200: UploadSession }, ['NOT_FOUND']),
  }
  app.get('/api/v1/upload-sessions/:id', { config, schema: get }, (request) => uploads.get(request.caller, request.params.id))
}

function registerEnds(app: HttpApp, { uploads }: Services): void {
  const complete = {
    summary: 'Complete an upload',
    description:
      'Repeatable: a second call answers the same file. The file is SCANNING until its stored bytes are read back and proven. ' +
      '202: the storage is still putting the parts together and the file is PENDING_UPLOAD; ask again, which joins that work and waits for it.',
    tags,
    params: IdParams,
    body: UploadComplete,
    response: answers({ 200: File, 202: File }, [
      'NOT_FOUND',
      'PARTS_MISSING',
      'UPLOAD_CLOSED',
      'TARGET_REMOVED',
      'TARGET_UNAVAILABLE',
      'DISK_FULL',
    ]),
  }
  app.post('/api/v1/upload-sessions/:id/complete', { config, schema: complete }, async (request, reply) => {
    const { file, running } = await uploads.complete(request.caller, { uploadId: request.params.id, ...request.body })
    return tagged(reply.code(running ? 202 : 200), file)
  })

  const abort = {
    summary: 'Cancel an upload',
    tags,
    params: IdParams,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'UPLOAD_CLOSED']),
  }
  app.delete('/api/v1/upload-sessions/:id', { config, schema: abort }, async (request, reply) => {
    await uploads.abort(request.caller, request.params.id)
    return reply.code(204).send()
  })
}

/** In a scope of its own, where no parser touches the body: it is taken from the connection as it comes. */
function registerParts(app: HttpApp, services: Services): void {
  const { uploads } = services
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))

  const put = {
    summary: 'Send one part',
    description: 'The raw bytes of the part. Any order, any number at once, again after any failure. Answered once the part is durable.',
    tags,
    params: PartParams,
    headers: PartHeaders,
    response: answers({ 200: Part }, [
      'SIZE_MISMATCH',
      'DIGEST_MISMATCH',
      'PART_OUT_OF_RANGE',
      'NOT_FOUND',
      'CONFLICT',
      'UPLOAD_CLOSED',
      'TARGET_REMOVED',
      'TOO_MANY_UPLOADS',
      'TARGET_UNAVAILABLE',
      'DISK_FULL',
    ]),
  }
  const options = { config: { ...config, longBody: true }, schema: put }
  app.put('/api/v1/upload-sessions/:id/parts/:number', options, (request, reply) => {
    const { id, number } = request.params
    return takingBody(request, reply, async () => uploads.putPart(request.caller, { uploadId: id, number, body: bodyOf(request) }))
  })
  registerContent(app, services)
}

/** The whole file in one request, in a scope of its own too: a door onto the same parts. */
function registerContent(app: HttpApp, { uploads }: Services): void {
  const put = {
    summary: 'Send the whole file as one body',
    description:
      'Stored part by part of the plan. Where it breaks off, the parts that are listed as received stay: go on with single parts.',
    tags,
    params: IdParams,
    headers: PartHeaders,
    response: answers({ 200: UploadSession }, [
      ...(['SIZE_MISMATCH', 'NOT_FOUND', 'CONFLICT', 'UPLOAD_CLOSED', 'TARGET_REMOVED'] as const),
      ...(['TOO_MANY_UPLOADS', 'TARGET_UNAVAILABLE', 'DISK_FULL'] as const),
    ]),
  }
  const options = { config: { ...config, longBody: true }, schema: put }
  app.put('/api/v1/upload-sessions/:id/content', options, (request, reply) =>
    takingBody(request, reply, async () => uploads.putContent(request.caller, { uploadId: request.params.id, body: bodyOf(request) })),
  )
}

/** Runs `take`, and makes sure that what is left of the body after a refusal does not keep the answer from its sender. */
export async function takingBody<T>(request: FastifyRequest, reply: FastifyReply, take: () => Promise<T>): Promise<T> {
  try {
    return await take()
  } catch (error) {
    closeWhereLong(request, reply)
    // Left paused, the connection would neither be used again nor be seen to close.
    request.raw.resume()
    if (error instanceof BodyCut) throw new Problem('BAD_REQUEST', error.message, { cause: error })
    throw error
  }
}

/** The body of the request as it comes. BAD_REQUEST without its length. */
export function bodyOf(request: FastifyRequest): PartBody {
  const length = request.headers['content-length']
  if (length === undefined || !/^\d{1,15}$/.test(length)) throw new Problem('BAD_REQUEST', 'Send the part with Content-Length.')
  const sha256 = parseContentDigest(request.headers['content-digest'] as string | undefined)
  if (sha256 === 'malformed') throw new Problem('BAD_REQUEST', 'Content-Digest is malformed. Send sha-256=:base64 of the digest:.')
  return { stream: request.raw, length: Number(length), sha256 }
}

/** What is left of a body after a refusal is read and thrown away, so that the answer gets through; not where it is longer than any part. */
function closeWhereLong(request: FastifyRequest, reply: FastifyReply): void {
  const length = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  if (!request.raw.readableEnded && !(length <= MAX_PART_PLAIN_BYTES)) reply.header('connection', 'close')
}
