import { Problem } from '@holdfast/api'
import { type Caller, systemActor } from '../../core/actor.ts'
import type { Tx } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import { isUnderHold, requireNoHold } from '../holds/require-no-hold.ts'
import { giveUpSync } from '../moves/staging.ts'
import { webhookEvents } from '../webhooks/events.ts'
import type { IngestDeps } from './deps.ts'
import { purgeObjectJob } from './job-kinds.ts'
import { getUpload, requireOwner, uploadClosed } from './session.ts'

/** When the URL expires by which a sender can store bytes in the bucket itself; null where all bytes pass through this server. */
export const bucketUrlExpiry = (upload: Pick<UploadView, 'delivery' | 'urlExpiresAt'> | null): number | null =>
  upload?.delivery === 'presigned' ? upload.urlExpiresAt : null

type Ending = Pick<Caller, 'actor' | 'requestId'> & { readonly reason: string; readonly at: number }

/** What every end of an upload does within its transaction: its reservation is released, its parts are forgotten, the log and a job hear of it. */
async function letGo(tx: Tx, upload: UploadView, ending: Ending & { result: 'ok' | 'failed' }): Promise<void> {
  const { tenantId, fileId, targetId } = upload
  const parts = await tx.uploads.parts(upload.id)
  await tx.targets.release(targetId, upload.objectSize)
  await giveUpSync(tx, { tenantId, id: fileId })
  await tx.uploads.deleteParts(upload.id)
  await tx.audit.append({
    tenantId,
    actor: ending.actor,
    requestId: ending.requestId,
    action: upload.tier === 'direct' ? 'DIRECT_UPLOAD_ABORT' : 'UPLOAD_ABORTED',
    result: ending.result,
    caseId: upload.caseId,
    itemId: upload.itemId,
    fileId,
    details: {
      uploadId: upload.id,
      name: upload.name,
      receivedBytes: parts.reduce((sum, part) => sum + part.size, 0),
      reason: ending.reason,
    },
  })
  await tx.jobs.enqueue(purgeObjectJob({ tenantId, fileId, urlExpiresAt: bucketUrlExpiry(upload) }))
}

/**
 * Ends an open upload within a transaction: its file is a tombstone without a key, and a job removes what lies at the target. False, and
 * nothing changed, where it is not open any more.
 */
export async function endUpload(tx: Tx, upload: UploadView, ending: Ending): Promise<boolean> {
  const { tenantId, fileId } = upload
  if (!(await tx.uploads.move(upload, 'open', 'aborted', ending.at))) return false
  const gone = await tx.files.become({ tenantId, id: fileId }, 'DELETED', { deletedAt: ending.at, wrappedKey: null })
  if (!gone) throw new Problem('LEGAL_HOLD')
  await letGo(tx, upload, { ...ending, result: 'ok' })
  return true
}

/**
 * Ends, within a transaction, an upload whose completion the target has refused for too long: its file is FAILED and says why, for people
 * to see. For whoever is at the completion, so that no other one can bring the object there meanwhile.
 */
export async function failCompletion(tx: Tx, upload: UploadView, ending: Ending): Promise<void> {
  const { tenantId, fileId } = upload
  if (!(await tx.uploads.move(upload, 'completing', 'aborted', ending.at))) return
  await tx.files.become({ tenantId, id: fileId }, 'FAILED', { statusReason: ending.reason })
  const file = await tx.files.findAny(tenantId, fileId)
  if (file) await webhookEvents(tx, { type: 'upload.failed', file, at: ending.at })
  await letGo(tx, upload, { ...ending, result: 'failed' })
}

/** Cancels an upload. Repeatable. UPLOAD_CLOSED where its completion has begun: of cancel and complete exactly one wins. LEGAL_HOLD where its file is held. */
export async function abortUpload(deps: IngestDeps, caller: Caller, uploadId: string): Promise<void> {
  const upload = await getUpload(deps.store, caller, uploadId)
  if (caller.role !== 'admin') requireOwner(caller, upload)
  const ended = await deps.store.transaction(async (tx) => {
    await requireNoHold(tx, { ...upload, id: upload.fileId })
    return endUpload(tx, upload, { actor: caller.actor, requestId: caller.requestId, reason: 'cancelled', at: deps.clock.now() })
  })
  deps.points.reach('upload.abort.after-commit')
  if (ended) return deps.attempts.stop(uploadId)
  const now = await getUpload(deps.store, caller, uploadId)
  if (now.status !== 'aborted') throw uploadClosed(now)
}

/** Ends an upload that nobody has touched since `before`; false where somebody has, it is not open, or a legal hold covers it. */
export async function abortIdleUpload(deps: IngestDeps, upload: UploadView, before: number): Promise<boolean> {
  return deps.store.transaction(async (tx) => {
    const now = await tx.uploads.find(upload.tenantId, upload.id)
    if (!now || now.touchedAt >= before || (await isUnderHold(tx, { ...now, id: now.fileId }))) return false
    return endUpload(tx, now, { actor: systemActor, requestId: null, reason: 'idle', at: deps.clock.now() })
  })
}
