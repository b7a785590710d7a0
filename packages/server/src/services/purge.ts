import { Problem } from '@holdfast/api'
import { systemActor } from '../core/actor.ts'
import type { Clock } from '../core/clock.ts'
import type { CrashPoints } from '../core/crash-point.ts'
import type { FileRow } from '../db/file-rows.ts'
import type { Store } from '../db/store.ts'
import type { UploadView } from '../db/uploads.ts'
import { deleteUnlocked } from './holds/lock-objects.ts'
import type { TargetAccess } from './target-access.ts'

export type PurgeDeps = { readonly store: Store; readonly clock: Clock; readonly targets: TargetAccess; readonly points: CrashPoints }

/** The attempt of a job that writes the failure into the log: later than a hiccup, earlier than the end of all attempts. */
const REPORTED_ATTEMPT = 3

/**
 * Removes from its target what a deleted or failed file has left there: its object, or the write that was under way. Repeatable; a file
 * that is not gone is never touched, and what a failed file left there is kept as long as a legal hold covers it. Rejects where the target does not do it, and then, at the third attempt, says so in the log.
 */
export async function purgeObject(deps: PurgeDeps, place: { tenantId: string; fileId: string; attempt: number }): Promise<void> {
  const file = await deps.store.read.files.findAny(place.tenantId, place.fileId)
  if (!file || file.purgedAt !== null || (file.status !== 'DELETED' && file.status !== 'FAILED')) return
  if (file.status === 'FAILED' && (await deps.store.read.holds.idsOn(file)).length > 0) return
  try {
    await removeFromTarget(deps, file)
  } catch (error) {
    const removed = error instanceof Problem && error.code === 'TARGET_REMOVED'
    if (removed || place.attempt === REPORTED_ATTEMPT) await report(deps.store, file, error)
    // With its target gone nobody can remove the object; another attempt would not change that.
    if (removed) return
    throw error
  }
  await deps.store.transaction((tx) => tx.files.markPurged(file, deps.clock.now()))
  deps.points.reach('purge.after-commit')
}

/**
 * Whether what lies under the key is the file's own. In the secure tier nobody else uses it. A direct upload that was given up has no object
 * yet: what lies there is somebody else's, and so it is where another file has the key by now.
 */
async function isOwn(store: Store, file: FileRow, upload: UploadView | null): Promise<boolean> {
  if (file.tier !== 'direct') return true
  if (upload?.status === 'aborted') return false
  return (await store.read.files.findHolder(file.targetId, file.objectKey))?.id === file.id
}

/** An asset of the evidence contract may lie at either of its keys, or at both where its promotion was interrupted. */
async function ownKeys(store: Store, file: FileRow, upload: UploadView | null): Promise<Set<string>> {
  if (!(await isOwn(store, file, upload))) return new Set()
  const asset = file.tier === 'object' ? await store.read.assets.find(file.tenantId, file.id) : null
  return new Set([file.objectKey, ...(asset?.targetId === file.targetId ? [asset.quarantineKey, asset.finalKey] : [])])
}

/**
 * Removes at once what a failed file has left at its target, where no hold covers it and the target does it. The job that was queued with
 * the failure comes after it in any case: it tries again, and removes what a URL that was given out has stored since.
 */
export async function purgeFailedNow(deps: PurgeDeps, place: { tenantId: string; fileId: string }): Promise<void> {
  const file = await deps.store.read.files.findAny(place.tenantId, place.fileId)
  if (file?.status !== 'FAILED' || (await deps.store.read.holds.idsOn(file)).length > 0) return
  await removeFromTarget(deps, file).catch(() => {})
}

async function removeFromTarget(deps: PurgeDeps, file: FileRow): Promise<void> {
  const upload = await deps.store.read.uploads.findOfFile(file.tenantId, file.id)
  await using lease = await deps.targets.lease(file.tenantId, file.targetId)
  deps.points.reach('purge.before-delete')
  if (upload?.writeId && upload.status === 'aborted') await lease.target.abortWrite(file.objectKey, upload.writeId)
  for (const key of await ownKeys(deps.store, file, upload)) await deleteUnlocked(lease.target, key)
  deps.points.reach('purge.after-delete')
}

async function report(store: Store, file: FileRow, error: unknown): Promise<void> {
  const { tenantId, caseId, itemId, id: fileId, targetId, objectKey: key } = file
  const reason = error instanceof Error ? error.message : 'unknown'
  await store.transaction((tx) =>
    tx.audit.append({
      tenantId,
      actor: systemActor,
      requestId: null,
      caseId,
      itemId,
      fileId,
      action: 'ATTACHMENT_BACKEND_CLEANUP_FAILED',
      result: 'failed',
      details: { targetId, key, reason },
    }),
  )
}
