import { type ObjectDownload, Problem } from '@holdfast/api'
import { create as contentDisposition } from 'content-disposition'
import type { Caller } from '../../core/actor.ts'
import { toIso } from '../../core/clock.ts'
import { dispositionOf, servedContentType } from '../../core/content-types.ts'
import { type DownloadGrant, isDownloadSigned, signDownload } from '../../core/signed-grant.ts'
import type { FileAtTarget } from '../../db/file-rows.ts'
import type { StorageTarget } from '../../storage/target.ts'
import { existing, toldBy } from '../caller.ts'
import { objectMissing } from '../direct/direct-download.ts'
import type { Downloadable } from '../downloads.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import { flagDamaged } from '../sealed/flag-damaged.ts'
import type { ObjectServiceDeps } from './deps.ts'
import { requireSame } from './read-object.ts'

type Disposition = 'attachment' | 'inline'
type Granted = { readonly url: string; readonly expiresAt: number; readonly delivery: 'presigned_get' | 'signed_url' }
type Asked = { readonly id: string; readonly disposition: Disposition; readonly origin: string }

/** Whoever holds a signed URL reads as this caller: the entry DOWNLOAD_URL_ISSUED tells who got the URL. */
export const bearerOf = (grant: { tenantId: string }, requestId: string): Caller => ({
  actor: { kind: 'system', id: 'signed-url', name: 'Signed URL' },
  tenantId: grant.tenantId,
  role: 'viewer',
  requestId,
})

async function findReady(deps: ObjectServiceDeps, caller: Caller, id: string): Promise<FileAtTarget> {
  const file = existing(await deps.ingest.store.read.objects.find(caller.tenantId, id), 'object')
  if (file.status === 'REJECTED')
    throw new Problem('OBJECT_REJECTED', file.statusReason ?? undefined, { extra: { validation: file.validation } })
  return (await deps.downloads.find(caller, id)).file
}

async function presigned(
  deps: ObjectServiceDeps,
  file: FileAtTarget,
  given: { target: StorageTarget; disposition: Disposition },
): Promise<Granted> {
  const { target, disposition } = given
  await requireSame(file, { target, signal: new AbortController().signal })
  const { url, expiresAt } = await target.presign!.get(file.objectKey, {
    expiresInSeconds: deps.settings.downloadUrlSeconds,
    disposition: contentDisposition(file.name, { type: disposition }),
    contentType: servedContentType(file.contentType),
  })
  return { url, expiresAt, delivery: 'presigned_get' }
}

function ofThisServer(
  deps: ObjectServiceDeps,
  file: FileAtTarget,
  { origin, disposition }: { origin: string; disposition: Disposition },
): Granted {
  const expires = Math.floor(deps.ingest.clock.now() / 1000) + deps.settings.downloadUrlSeconds
  const grant: DownloadGrant = { tenantId: file.tenantId, id: file.id, disposition, expires }
  const signature = signDownload(deps.urlSecret, grant)
  const query = new URLSearchParams({ tenant: grant.tenantId, disposition, expires: String(expires), signature })
  return { url: `${origin}/api/v1/uploads/${file.id}/content?${query}`, expiresAt: expires * 1000, delivery: 'signed_url' }
}

async function grant(deps: ObjectServiceDeps, file: FileAtTarget, given: { origin: string; disposition: Disposition }): Promise<Granted> {
  if (file.container !== null && file.missingAt === null) return ofThisServer(deps, file, given)
  await using lease = await deps.ingest.targets.lease(file.tenantId, file.targetId)
  const { target } = lease
  // What is flagged as missing may be there again.
  if (file.missingAt !== null) await requireSame(file, { target, signal: new AbortController().signal })
  if (file.container !== null || target.presign === null) return ofThisServer(deps, file, given)
  return await presigned(deps, file, { target, disposition: given.disposition })
}

/** As `grant`; an object that turns out to be another one is flagged, and nobody gets a URL for it. */
async function grantOrFlag(
  deps: ObjectServiceDeps,
  caller: Caller,
  given: { file: FileAtTarget; origin: string; disposition: Disposition },
): Promise<Granted> {
  try {
    return await grant(deps, given.file, given)
  } catch (error) {
    if (!(error instanceof ObjectDamaged)) throw error
    if (error.missing && given.file.missingAt !== null) throw objectMissing(given.file, error)
    await flagDamaged(deps.ingest.store, given.file, { damage: error, actor: caller.actor, requestId: caller.requestId })
    throw new Problem('FILE_DAMAGED', `${error.message}. Restore the object from a backup, then verify the file again.`, { cause: error })
  }
}

/** A URL that hands out the bytes of a READY object to whoever holds it, for a while. The entry is in the log before the URL is given. */
export async function issueDownloadUrl(deps: ObjectServiceDeps, caller: Caller, asked: Asked): Promise<ObjectDownload> {
  const file = await findReady(deps, caller, asked.id)
  const disposition = dispositionOf(file, asked.disposition)
  const { url, expiresAt, delivery } = await grantOrFlag(deps, caller, { file, origin: asked.origin, disposition })
  const details = { name: file.name, delivery, disposition, expiresAt: toIso(expiresAt) }
  await deps.ingest.store.transaction((tx) =>
    tx.audit.append({ ...toldBy(caller), fileId: file.id, action: 'DOWNLOAD_URL_ISSUED', details }),
  )
  return {
    ...{ downloadUrl: url, expiresAt: toIso(expiresAt), contentType: file.contentType, originalFilename: file.name },
    fileSize: String(file.size),
  }
}

/** What a signed download URL stands for. URL_NOT_VALID where nobody here signed it so; DOWNLOAD_URL_EXPIRED once its time is over. */
export async function redeemDownload(
  deps: ObjectServiceDeps,
  request: { grant: DownloadGrant; signature: string; requestId: string },
): Promise<{ found: Downloadable; caller: Caller }> {
  const { grant: granted, signature } = request
  if (!isDownloadSigned(deps.urlSecret, granted, signature)) {
    throw new Problem(
      'URL_NOT_VALID',
      'The download URL was not signed so: it has been changed, or is not of this server. Ask for a new one.',
    )
  }
  if (deps.ingest.clock.now() >= granted.expires * 1000) throw new Problem('DOWNLOAD_URL_EXPIRED')
  const caller = bearerOf(granted, request.requestId)
  deps.ingest.store.scopes.enter(granted.tenantId)
  existing(await deps.ingest.store.read.objects.find(granted.tenantId, granted.id), 'object')
  return { found: await deps.downloads.find(caller, granted.id), caller }
}
