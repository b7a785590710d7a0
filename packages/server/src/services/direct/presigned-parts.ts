import { randomUUID } from 'node:crypto'
import { type Part, type PartReceipts, type PartUrl, type PartUrls, type PartUrlsRequest, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { toIso } from '../../core/clock.ts'
import { findPlannedPart, type PlannedPart, partPlanOf } from '../../core/upload-plan.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { Presign, StorageTarget } from '../../storage/target.ts'
import { toPart } from '../file-view.ts'
import type { IngestDeps } from '../ingest/deps.ts'
import { driverWrite } from '../ingest/driver-write.ts'
import { closedNow } from '../ingest/part-turn.ts'
import { expiryFrom, getUpload, requireOwner, uploadClosed } from '../ingest/session.ts'

/** Long enough for one part on a slow line to begin; a request that has begun is not cut off. */
const URL_SECONDS = 15 * 60

/** An entity tag as backends give it, quoted or not. */
const etagPattern = /^"?[!#-~]{1,128}"?$/

async function getPresigned(deps: IngestDeps, caller: Caller, uploadId: string): Promise<UploadView> {
  const upload = await getUpload(deps.store, caller, uploadId)
  requireOwner(caller, upload)
  if (upload.status !== 'open') throw uploadClosed(upload)
  if (upload.delivery === 'presigned') return upload
  throw new Problem('CONFLICT', 'The parts of this upload come through this server: send each with PUT to parts.')
}

function getPart(upload: UploadView, number: number): PlannedPart {
  const part = findPlannedPart(partPlanOf(upload), number)
  if (part) return part
  throw new Problem('PART_OUT_OF_RANGE', `This upload has ${upload.partCount} parts; there is no part ${number}.`, {
    extra: { partCount: upload.partCount },
  })
}

/** The write at the bucket, begun with the first request for its parts; the upload is touched. */
async function touchWrite(deps: IngestDeps, upload: UploadView, target: StorageTarget): Promise<string> {
  const write = driverWrite(target, upload)
  await write.begin()
  try {
    await deps.store.transaction(async (tx) => {
      const now = deps.clock.now()
      if (!(await tx.uploads.touch(upload.id, now, expiryFrom(now)))) throw await closedNow(tx, upload)
      await write.keep(tx)
    })
  } finally {
    await write.settle()
  }
  deps.points.reach('upload.urls.after-commit')
  return write.id
}

type Signing = { readonly upload: UploadView; readonly presign: Presign; readonly writeId: string }

async function sign({ upload, presign, writeId }: Signing, part: PlannedPart): Promise<PartUrl> {
  const signed = await presign.part(upload.objectKey, writeId, part.number, { expiresInSeconds: URL_SECONDS, size: part.plainLength })
  return {
    number: part.number,
    size: part.plainLength,
    method: 'PUT',
    url: signed.url,
    headers: signed.headers,
    expiresAt: toIso(signed.expiresAt),
  }
}

/** Signs a request for each of the parts. Asking again gives fresh ones and changes nothing of what the bucket has. */
export async function givePartUrls(deps: IngestDeps, caller: Caller, request: { uploadId: string } & PartUrlsRequest): Promise<PartUrls> {
  const upload = await getPresigned(deps, caller, request.uploadId)
  const parts = request.numbers.map((number) => getPart(upload, number))
  await using lease = await deps.targets.lease(upload.tenantId, upload.targetId)
  const { presign } = lease.target
  if (presign === null)
    throw new Problem('CONFLICT', 'The storage target no longer takes parts straight from browsers. Cancel the upload and begin anew.')
  const writeId = await touchWrite(deps, upload, lease.target)
  return { parts: await Promise.all(parts.map((part) => sign({ upload, presign, writeId }, part))) }
}

function requireTag(etag: string, at: number): string {
  if (etagPattern.test(etag)) return etag
  throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: `parts.${at}.etag`, message: 'is no entity tag' }] })
}

/** Keeps the receipts of parts, durably when this resolves; the upload is touched. Completion finds out whether the bucket agrees. */
export async function keepReceipts(
  deps: IngestDeps,
  caller: Caller,
  request: { uploadId: string } & PartReceipts,
): Promise<{ items: Part[] }> {
  const upload = await getPresigned(deps, caller, request.uploadId)
  const now = deps.clock.now()
  const stored = request.parts.map(({ number, etag, sha256 }, at) => {
    const { plainLength: size } = getPart(upload, number)
    const receipts = [{ number, size, tag: requireTag(etag, at) }]
    return { number, size, sha256: sha256.toLowerCase(), seals: '', receipts, storedAt: now }
  })
  await deps.store.transaction(async (tx) => {
    if (!(await tx.uploads.touch(upload.id, now, expiryFrom(now)))) throw await closedNow(tx, upload)
    for (const part of stored) {
      const place = { uploadId: upload.id, number: part.number }
      const claim = randomUUID()
      await tx.uploads.claimPart(place, { claim, size: part.size, at: now })
      await tx.uploads.storePart(place, claim, part)
    }
  })
  deps.points.reach('upload.receipts.after-commit')
  return { items: stored.map(toPart) }
}
