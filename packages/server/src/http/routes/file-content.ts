import { Problem, Uuid } from '@holdfast/api'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Caller } from '../../core/actor.ts'
import { dispositionOf, servedContentType } from '../../core/content-types.ts'
import { type ByteRange, evaluateConditions, parseRange, rangeStillHolds } from '../../core/http-range.ts'
import type { Downloadable, DownloadService } from '../../services/downloads.ts'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { createResponseSink } from '../response-sink.ts'
import type { Services } from '../services.ts'

const tags = ['Files']
const ContentParams = Type.Object({ fileId: Uuid }, { additionalProperties: false })
const ContentQuery = Type.Object(
  { disposition: Type.Optional(Type.Enum(['attachment', 'inline'], { description: 'inline only holds for types that run nothing' })) },
  { additionalProperties: false },
)
type Query = { disposition?: 'attachment' | 'inline' }

/** Whoever gets hold of a file in a browser tab can run nothing of it in this origin; PDF viewers do not work in a sandbox. */
const policyOf = (contentType: string): string =>
  `default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'${
    contentType === 'application/pdf' ? '' : '; sandbox'
  }`

/** The fields that GET and HEAD answer alike (RFC 9110 §9.3.2). */
export function tellContent(request: FastifyRequest, reply: FastifyReply, { file, etag }: Downloadable): FastifyReply {
  const inline = dispositionOf(file, (request.query as Query).disposition ?? 'attachment') === 'inline'
  return reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('last-modified', new Date(file.readyAt ?? file.createdAt).toUTCString())
    .header('cache-control', 'private, no-store')
    .header('content-type', servedContentType(file.contentType))
    .header('content-disposition', contentDisposition(file.name, { type: inline ? 'inline' : 'attachment' }))
    .header('content-security-policy', policyOf(file.contentType))
    .header('x-content-type-options', 'nosniff')
}

/** Null: the whole file. Throws RANGE_NOT_SATISFIABLE. */
export function rangeOf(request: FastifyRequest, reply: FastifyReply, found: Downloadable): ByteRange | null {
  const { range, 'if-range': ifRange } = request.headers
  const asked = rangeStillHolds(ifRange as string | undefined, found.etag) ? parseRange(range, found.size) : { kind: 'whole' as const }
  if (asked.kind === 'part') return asked.range
  if (asked.kind === 'whole') return null
  reply.header('content-range', `bytes */${found.size}`)
  throw new Problem('RANGE_NOT_SATISFIABLE', `The file has ${found.size} bytes.`, { extra: { size: found.size } })
}

/** True: answer 304. Throws PRECONDITION_FAILED. */
export function isNotModified(request: FastifyRequest, found: Downloadable): boolean {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
  const outcome = evaluateConditions({ ifMatch, ifNoneMatch }, found.etag)
  if (outcome === 'failed') throw new Problem('PRECONDITION_FAILED', 'The file has another ETag.', { extra: { etag: found.etag } })
  return outcome === 'not-modified'
}

/**
 * Answers with the bytes, past Fastify's own sending: the service lends buffers that must not be touched before they are out.
 * Where the object turns out to be damaged after the head is sent, the connection is cut, so that no client takes it for complete.
 */
export async function sendContent(
  downloads: DownloadService,
  found: Downloadable,
  exchange: { request: FastifyRequest; reply: FastifyReply; range: ByteRange | null; caller: Caller },
): Promise<void> {
  const { request, reply, range, caller } = exchange
  const { raw } = reply
  const sink = createResponseSink(raw)
  await using download = await downloads.start(caller, found, { range, signal: sink.signal })
  const length = range ? range.end - range.start + 1 : found.size
  tellContent(request, reply, found).header('content-length', length)
  if (range) reply.header('content-range', `bytes ${range.start}-${range.end}/${found.size}`)
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(range ? 206 : 200)
  try {
    await download.send(sink)
    raw.end()
  } catch (error) {
    if (!sink.signal.aborted) request.log.error({ err: error }, 'the download broke off')
    // What was authenticated before the damage goes out, the head with it: without them the client could not tell an answer that broke off.
    await sink.settled()
    raw.destroy()
  }
}

export function registerContentRoutes(app: HttpApp, { downloads }: Services): void {
  const url = '/api/v1/files/:fileId/content'
  const codes = [
    ...(['NOT_FOUND', 'FILE_NOT_READY', 'FILE_DAMAGED', 'OBJECT_MISSING', 'CONFLICT'] as const),
    ...(['TARGET_REMOVED', 'TARGET_UNAVAILABLE', 'PRECONDITION_FAILED'] as const),
  ]
  const Bytes = Type.Unsafe<undefined>({ type: 'string', format: 'binary', description: 'The plaintext' })
  const NotModified = Type.Unsafe<undefined>({ type: 'null', description: 'Not modified' })
  const content = { tags, params: ContentParams, querystring: ContentQuery }
  const get = {
    ...content,
    summary: 'Download a file, or a range of it',
    description:
      'A sealed file is decrypted while it is sent; every byte is authenticated first. A direct one is passed through. Range, If-Range, If-Match and If-None-Match are honoured.',
    response: answers({ 200: Bytes, 206: Bytes, 304: NotModified }, [...codes, 'RANGE_NOT_SATISFIABLE', 'RATE_LIMIT_EXCEEDED']),
  }
  const config = { permission: 'file.download' as const }
  app.get(url, { config, schema: get, exposeHeadRoute: false }, async (request, reply) => {
    const found = await downloads.find(request.caller, request.params.fileId)
    if (isNotModified(request, found)) return tellContent(request, reply, found).code(304).send()
    const range = rangeOf(request, reply, found)
    await sendContent(downloads, found, { request, reply, range, caller: request.caller })
    return reply
  })

  const head = {
    ...content,
    summary: 'What a download would answer, without its bytes and without an audit entry',
    response: answers({ 200: Bytes, 304: NotModified }, codes),
  }
  app.head(url, { config, schema: head }, async (request, reply) => {
    const found = await downloads.find(request.caller, request.params.fileId)
    if (isNotModified(request, found)) return tellContent(request, reply, found).code(304).send()
    return tellContent(request, reply, found).header('content-length', found.size).send()
  })
}
