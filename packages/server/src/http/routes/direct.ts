import { DirectState, DownloadUrl, DownloadUrlRequest, Part, PartReceipts, PartUrls, PartUrlsRequest, Uuid } from '@holdfast/api'
import { Type } from 'typebox'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdParams } from './parameters.ts'

const FileParams = Type.Object({ fileId: Uuid }, { additionalProperties: false })
const Kept = Type.Object({ items: Type.Array(Part) }, { additionalProperties: false })

export function registerDirectRoutes(app: HttpApp, services: Services): void {
  const { direct, downloads } = services
  const state = {
    summary: 'Whether Direct Storage is on, and what room it has',
    tags: ['Direct'],
    response: answers({ 200: DirectState }),
  }
  app.get('/api/v1/direct', { config: { permission: 'file.read' }, schema: state }, (request) => direct.get(request.caller))

  const url = {
    summary: 'Where the bytes of a file are',
    description:
      'A signed request to the bucket, good for 5 minutes and told of in the log now; or the path of the content at this server. The url of a bucket is a bearer token: open it at once, keep it nowhere.',
    tags: ['Files'],
    params: FileParams,
    body: DownloadUrlRequest,
    response: answers({ 200: DownloadUrl }, [
      ...(['NOT_FOUND', 'FILE_NOT_READY', 'FILE_DAMAGED', 'OBJECT_MISSING'] as const),
      ...(['CONFLICT', 'TARGET_REMOVED', 'TARGET_UNAVAILABLE'] as const),
    ]),
  }
  const options = { config: { permission: 'file.download' as const }, schema: url }
  app.post('/api/v1/files/:fileId/download-url', options, async (request, reply) =>
    reply.header('cache-control', 'no-store').send(await downloads.url(request.caller, request.params.fileId, request.body)),
  )
  registerPresignedParts(app, services)
}

function registerPresignedParts(app: HttpApp, { uploads }: Services): void {
  const config = { permission: 'file.upload' as const }
  const codes = ['NOT_FOUND', 'CONFLICT', 'PART_OUT_OF_RANGE', 'UPLOAD_CLOSED', 'TARGET_REMOVED', 'TARGET_UNAVAILABLE'] as const
  const urls = {
    summary: 'Signed requests for parts that go straight to the bucket',
    description: 'Good for 15 minutes. Ask again for those that expired; what the bucket has stays.',
    tags: ['Uploads'],
    params: IdParams,
    body: PartUrlsRequest,
    response: answers({ 200: PartUrls }, codes),
  }
  app.post('/api/v1/upload-sessions/:id/part-urls', { config, schema: urls }, async (request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .send(await uploads.partUrls(request.caller, { uploadId: request.params.id, ...request.body })),
  )

  const receipts = {
    summary: 'Report parts that the bucket has taken',
    description:
      'With the ETag that it answered and the SHA-256 of the part. Kept, so that another page can go on. The last one of a number wins.',
    tags: ['Uploads'],
    params: IdParams,
    body: PartReceipts,
    response: answers({ 200: Kept }, codes),
  }
  app.post('/api/v1/upload-sessions/:id/receipts', { config, schema: receipts }, (request) =>
    uploads.keepReceipts(request.caller, { uploadId: request.params.id, ...request.body }),
  )
}
