import { Problem } from '@holdfast/api'
import { storedContentType } from '../../core/content-types.ts'
import type { UploadGrant } from '../../core/signed-grant.ts'
import type { UploadView } from '../../db/uploads.ts'
import { existing } from '../caller.ts'
import { openSession } from '../ingest/open-sessions.ts'
import { takeAll } from '../ingest/put-content.ts'
import type { PartBody } from '../ingest/receive-part.ts'
import { uploadClosed } from '../ingest/session.ts'
import type { ObjectDeps } from './deps.ts'
import { requireUploadGrant } from './urls.ts'

export type ContentRequest = {
  readonly grant: UploadGrant
  readonly signature: string
  readonly contentType: string | undefined
  readonly body: PartBody
}

function requireAsSigned({ grant, body, contentType }: ContentRequest): void {
  if (body.length !== grant.length) {
    throw new Problem('SIZE_MISMATCH', `The URL was signed for ${grant.length} bytes; the request brings ${body.length}.`, {
      extra: { expectedBytes: grant.length, receivedBytes: body.length },
    })
  }
  if (contentType === undefined || storedContentType(contentType) !== grant.contentType) {
    const message = `The URL was signed for ${grant.contentType}; the request brings ${storedContentType(contentType)}.`
    throw new Problem('CONTENT_TYPE_MISMATCH', message, { extra: { expectedType: grant.contentType } })
  }
}

async function getOpen(deps: ObjectDeps, grant: UploadGrant): Promise<UploadView> {
  const { read } = deps.ingest.store
  const file = existing(await read.objects.find(grant.tenantId, grant.id), 'object')
  const upload = existing(await read.uploads.findOfFile(grant.tenantId, file.id), 'upload')
  if (upload.status !== 'open') throw uploadClosed(upload)
  if (upload.delivery !== 'server') throw new Problem('URL_NOT_VALID')
  return upload
}

/**
 * Takes the bytes of an object from whoever holds its signed URL: sealed as they arrive, durable when this resolves. May be repeated
 * until the upload is completed; the last attempt counts. The checks of the URL come first, so that a stranger learns nothing.
 */
export async function receiveObject(deps: ObjectDeps, request: ContentRequest): Promise<void> {
  requireUploadGrant(deps, request.grant, request.signature)
  requireAsSigned(request)
  deps.ingest.store.scopes.enter(request.grant.tenantId)
  const upload = await getOpen(deps, request.grant)
  await takeAll(deps.ingest, await openSession(deps.ingest, upload), request.body)
}
