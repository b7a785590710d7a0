import { retainedFrom } from '../../core/retention.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import { bucketUrlExpiry } from '../ingest/abort.ts'
import { purgeObjectJob } from '../ingest/job-kinds.ts'
import { purgeFailedNow } from '../purge.ts'
import { webhookEvents } from '../webhooks/events.ts'
import type { Finisher } from './complete.ts'
import type { ObjectDeps } from './deps.ts'

type Failure = { readonly upload: UploadView; readonly file: FileRow; readonly reason: string }

async function settleFailed(tx: Tx, { upload, file, reason }: Failure, by: Finisher & { at: number }): Promise<void> {
  const { tenantId, fileId } = upload
  if (!(await tx.uploads.move(upload, 'completing', 'aborted', by.at))) return
  await tx.files.become(file, 'FAILED', { statusReason: reason, ...retainedFrom('FAILED_UPLOAD_7D', by.at) })
  await webhookEvents(tx, { type: 'upload.failed', file: { ...file, status: 'FAILED' }, at: by.at })
  await tx.targets.release(upload.targetId, upload.objectSize)
  await tx.uploads.deleteParts(upload.id)
  const details = { uploadId: upload.id, name: file.name, reason, objectClass: file.objectClass }
  await tx.audit.append({
    ...{ tenantId, actor: by.actor, requestId: by.requestId, fileId },
    ...{ action: 'UPLOAD_FAILED' as const, result: 'failed' as const, details },
  })
  await tx.jobs.enqueue(purgeObjectJob({ tenantId, fileId, urlExpiresAt: bucketUrlExpiry(upload) }))
}

/**
 * Ends an upload whose bytes are not those that were declared: the file is FAILED and says why, its bytes are free again, and its object
 * is removed, now where the target does it and by a job in any case.
 */
export async function failUpload(deps: ObjectDeps, failure: Failure, by: Finisher): Promise<void> {
  const { store, clock, points } = deps.ingest
  await store.transaction((tx) => settleFailed(tx, failure, { ...by, at: clock.now() }))
  points.reach('object.fail.after-commit')
  await purgeFailedNow(deps.ingest, failure.upload)
}
