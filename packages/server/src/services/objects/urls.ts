import { Problem } from '@holdfast/api'
import { isUploadSigned, signUpload, type UploadGrant } from '../../core/signed-grant.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { ObjectDeps } from './deps.ts'

/** A request that whoever holds it can make without signing in. `url` is a bearer token. */
export type UploadRequest = { readonly url: string; readonly headers: Record<string, string>; readonly expiresAt: number }

const inSeconds = (at: number): number => Math.floor(at / 1000)

function serverUrl(deps: ObjectDeps, upload: UploadView, at: { origin: string; expiresAt: number }): UploadRequest {
  const { tenantId, fileId, size } = upload
  const contentType = upload.contentType ?? ''
  const grant: UploadGrant = { tenantId, id: fileId, length: size, contentType, expires: inSeconds(at.expiresAt) }
  const query = new URLSearchParams({
    tenant: tenantId,
    length: String(size),
    type: contentType,
    expires: String(grant.expires),
    signature: signUpload(deps.urlSecret, grant),
  })
  return {
    url: `${at.origin}/api/v1/uploads/${fileId}/content?${query}`,
    headers: { 'content-type': contentType, 'content-length': String(size) },
    expiresAt: grant.expires * 1000,
  }
}

/**
 * The URL that the bytes are sent to, bound to key, method, length and type: of the bucket where they go straight there, of this server
 * at `origin` otherwise. Where the bucket can, it is bound to the declared SHA-256 too, and stores the first object alone.
 */
export async function uploadRequest(
  deps: ObjectDeps,
  upload: UploadView,
  given: { origin: string; sha256: string | null },
): Promise<UploadRequest> {
  const { clock, store, targets } = deps.ingest
  const seconds = deps.settings.uploadUrlSeconds
  if (upload.delivery === 'server') return serverUrl(deps, upload, { origin: given.origin, expiresAt: clock.now() + seconds * 1000 })
  const row = await store.read.targets.find(upload.tenantId, upload.targetId)
  await using lease = await targets.lease(upload.tenantId, upload.targetId)
  const { presign } = lease.target
  if (presign === null) throw new Error('The target of a presigned upload does not presign')
  const { url, headers, expiresAt } = await presign.put(upload.objectKey, {
    expiresInSeconds: seconds,
    size: upload.size,
    contentType: upload.contentType ?? '',
    ifAbsent: row?.capabilities?.conditionalWrites === true,
    ...(given.sha256 === null ? {} : { sha256: new Uint8Array(Buffer.from(given.sha256, 'hex')) }),
  })
  return { url, headers, expiresAt }
}

export const urlExpired = (): Problem => new Problem('UPLOAD_URL_EXPIRED', 'The upload URL has expired. Initiate the upload again.')

/** URL_NOT_VALID where nobody here signed it so; UPLOAD_URL_EXPIRED once its time is over. */
export function requireUploadGrant(deps: ObjectDeps, grant: UploadGrant, signature: string): void {
  if (!isUploadSigned(deps.urlSecret, grant, signature)) {
    throw new Problem('URL_NOT_VALID', 'The upload URL was not signed so: it has been changed, or is not of this server. Initiate again.')
  }
  if (deps.ingest.clock.now() >= grant.expires * 1000) throw urlExpired()
}
