import { Uuid } from '@holdfast/api'
import { Type } from 'typebox'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { isNotModified, rangeOf, sendContent, tellContent } from './file-content.ts'
import { IdParams } from './parameters.ts'
import { bodyOf, PartHeaders, takingBody } from './uploads.ts'

const tags = ['Objects']
const closed = { additionalProperties: false } as const
const Signature = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })
const Expires = Type.Integer({ minimum: 0, maximum: 99_999_999_999, description: 'Seconds since the epoch' })
const UploadQuery = Type.Object(
  {
    tenant: Uuid,
    length: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    type: Type.String({ maxLength: 127 }),
    expires: Expires,
    signature: Signature,
  },
  closed,
)
const DownloadQuery = Type.Object(
  { tenant: Uuid, disposition: Type.Enum(['attachment', 'inline']), expires: Expires, signature: Signature },
  closed,
)
const url = '/api/v1/uploads/:id/content'

/**
 * The doors of signed URLs: whoever holds one needs no sign-in, and pages of any origin may use it, since it carries no cookie and
 * answers nothing that the URL does not grant. In a scope of its own, where no parser touches the body.
 */
export function registerObjectContent(app: HttpApp, services: Services): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin')
    reply.header('access-control-expose-headers', 'Content-Disposition, Content-Range, ETag, Retry-After, X-Request-Id')
  })
  app.options(url, { config: { permission: 'public' }, schema: { hide: true, params: IdParams } }, async (_request, reply) =>
    reply
      .header('access-control-allow-methods', 'GET, PUT')
      .header('access-control-allow-headers', 'Content-Type, Content-Digest, Range, If-Range, If-None-Match')
      .header('access-control-max-age', '600')
      .code(204)
      .send(),
  )
  registerPut(app, services)
  registerGet(app, services)
}

function registerPut(app: HttpApp, { objects }: Services): void {
  const put = {
    summary: 'Send the bytes of an object to its signed URL',
    description: 'With the headers of uploadHeaders. Answered once the bytes are durable; may be repeated until the upload is completed.',
    tags,
    params: IdParams,
    querystring: UploadQuery,
    headers: PartHeaders,
    response: answers(
      { 204: NoContent },
      [
        ...(['UPLOAD_URL_EXPIRED', 'URL_NOT_VALID', 'SIZE_MISMATCH', 'CONTENT_TYPE_MISMATCH', 'DIGEST_MISMATCH', 'NOT_FOUND'] as const),
        ...(['CONFLICT', 'UPLOAD_CLOSED', 'TARGET_REMOVED', 'TOO_MANY_UPLOADS', 'TARGET_UNAVAILABLE', 'DISK_FULL'] as const),
      ],
      { public: true },
    ),
  }
  app.put(url, { config: { permission: 'public', longBody: true }, schema: put }, (request, reply) =>
    takingBody(request, reply, async () => {
      const { tenant, length, type, expires, signature } = request.query
      const grant = { tenantId: tenant, id: request.params.id, length, contentType: type, expires }
      await objects.receive({ grant, signature, contentType: request.headers['content-type'], body: bodyOf(request) })
      return reply.code(204).send()
    }),
  )
}

function registerGet(app: HttpApp, { objects, downloads }: Services): void {
  const Bytes = Type.Unsafe<undefined>({ type: 'string', format: 'binary', description: 'The plaintext' })
  const NotModified = Type.Unsafe<undefined>({ type: 'null', description: 'Not modified' })
  const get = {
    summary: 'Read an object by its signed URL, or a range of it',
    tags,
    params: IdParams,
    querystring: DownloadQuery,
    response: answers(
      { 200: Bytes, 206: Bytes, 304: NotModified },
      [
        ...(['DOWNLOAD_URL_EXPIRED', 'URL_NOT_VALID', 'NOT_FOUND', 'FILE_NOT_READY', 'FILE_DAMAGED', 'TARGET_REMOVED'] as const),
        ...(['OBJECT_MISSING', 'TARGET_UNAVAILABLE', 'PRECONDITION_FAILED', 'RANGE_NOT_SATISFIABLE', 'RATE_LIMIT_EXCEEDED'] as const),
      ],
      { public: true },
    ),
  }
  const options = { config: { permission: 'public' as const }, schema: get, exposeHeadRoute: false }
  app.get(url, options, async (request, reply) => {
    const { tenant, disposition, expires, signature } = request.query
    const grant = { tenantId: tenant, id: request.params.id, disposition, expires }
    const { found, caller } = await objects.redeem({ grant, signature, requestId: request.id })
    if (isNotModified(request, found)) return tellContent(request, reply, found).code(304).send()
    const range = rangeOf(request, reply, found)
    await sendContent(downloads, found, { request, reply, range, caller })
    return reply
  })
}
