import { type File, Problem, type UploadComplete } from '@holdfast/api'
import { type Caller, systemActor } from '../../core/actor.ts'
import type { FileChange } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import type { StoredPart } from '../../db/upload-parts.ts'
import type { UploadView } from '../../db/uploads.ts'
import { type ObjectStat, StorageError } from '../../storage/target.ts'
import { toFile } from '../file-view.ts'
import { sayRefused } from '../storage-words.ts'
import { failCompletion } from './abort.ts'
import { commitObject, MAX_LISTED } from './commit-object.ts'
import { COMPLETION_WAIT } from './completions.ts'
import type { IngestDeps } from './deps.ts'
import { verifyFileJob } from './job-kinds.ts'
import { getUpload, requireOwner, uploadClosed, uploadNotFound } from './session.ts'

/** Who asked for the completion: a caller, or the system where it takes up one that was interrupted. */
type Finisher = Pick<Caller, 'actor' | 'requestId'>

/** Throws PARTS_MISSING with the numbers, at most a thousand of them, unless every byte has a receipt. */
function requireAllParts(upload: UploadView, parts: readonly StoredPart[]): void {
  const received = new Set(parts.map((part) => part.number))
  const missing: number[] = []
  for (let number = 1; number <= upload.partCount; number += 1) if (!received.has(number)) missing.push(number)
  const bytes = parts.reduce((sum, part) => sum + part.size, 0)
  if (missing.length === 0 && bytes === upload.size) return
  throw new Problem('PARTS_MISSING', `${missing.length} of ${upload.partCount} parts have not been received.`, {
    extra: { missingParts: missing.slice(0, MAX_LISTED), missingCount: missing.length },
  })
}

/**
 * Closes the upload for parts, for good unless the target then turns out not to hold them. Exactly one of cancel and complete gets through.
 * False where it was closed before.
 */
async function beginCompletion(deps: IngestDeps, upload: UploadView, declaredSha256: string | null): Promise<boolean> {
  return deps.store.transaction(async (tx) => {
    const now = await tx.uploads.find(upload.tenantId, upload.id)
    if (!now) throw uploadNotFound()
    if (now.status === 'completing' || now.status === 'completed') return false
    if (now.status === 'aborted') throw uploadClosed(now)
    requireAllParts(now, await tx.uploads.parts(upload.id))
    await tx.uploads.move(now, 'open', 'completing', deps.clock.now())
    if (declaredSha256 !== null) await tx.files.declare({ tenantId: now.tenantId, id: now.fileId }, declaredSha256)
    return true
  })
}

type Settled = Finisher & { readonly at: number; readonly stat: ObjectStat }

/** What is known of an object that was just committed. In the direct tier others can change it: that is seen by etag and time. */
function seenAs(upload: UploadView, { stat, declared }: { stat: ObjectStat; declared: boolean }): FileChange {
  const atRest = stat.atRest ?? null
  if (upload.tier !== 'direct') return { atRest }
  return { atRest, objectEtag: stat.etag, objectModifiedAt: stat.modifiedAt, hashState: declared ? 'declared' : 'none' }
}

/** Its entries in the log: a direct upload has its own, and one more where the sender told the digest (D9). */
async function tell(tx: Tx, upload: UploadView, told: Settled & { declaredSha256: string | null }): Promise<void> {
  const { tenantId, caseId, itemId, fileId, id: uploadId, name, size } = upload
  const { actor, requestId, declaredSha256, stat } = told
  const about = { tenantId, actor, requestId, result: 'ok' as const, caseId, itemId, fileId }
  const details = { uploadId, name, size, parts: upload.partCount, declaredSha256 }
  if (upload.tier !== 'direct') {
    await tx.audit.append({ ...about, action: 'UPLOAD_COMPLETED', details })
    return
  }
  const stored = { targetId: upload.targetId, key: upload.objectKey, delivery: upload.delivery, atRest: stat.atRest ?? null }
  await tx.audit.append({ ...about, action: 'DIRECT_UPLOAD_COMPLETE', details: { ...details, ...stored } })
  if (declaredSha256 === null) return
  await tx.audit.append({ ...about, action: 'DIRECT_HASH_BROWSER_DECLARED', details: { name, size, declaredSha256 } })
}

async function settle(tx: Tx, upload: UploadView, by: Settled): Promise<void> {
  const { tenantId, fileId, objectSize, targetId } = upload
  if (!(await tx.uploads.move(upload, 'completing', 'completed', by.at))) return
  const declaredSha256 = (await tx.files.findAny(tenantId, fileId))?.declaredSha256 ?? null
  const seen = seenAs(upload, { stat: by.stat, declared: declaredSha256 !== null })
  if (!(await tx.files.become({ tenantId, id: fileId }, 'SCANNING', seen))) throw new Error('The file of an upload has left PENDING_UPLOAD')
  const pass = { at: by.at, notAfter: by.at - PASS_NOTED_EVERY }
  await tx.targets.settle(targetId, { reservedBytes: objectSize, usedBytes: objectSize, pass })
  await tell(tx, upload, { ...by, declaredSha256 })
  await tx.jobs.enqueue(verifyFileJob({ tenantId, fileId, fresh: true }))
}

/** A pass of the target is noted at most this often, so that uploads do not all write to its row (T7 counts in minutes). */
export const PASS_NOTED_EVERY = 60_000

/**
 * Rejects as the target did with a completion. Where that is later than the upload lapses, the upload has failed for good: what a target has
 * refused for a day would otherwise be asked of it for ever, with its bytes reserved.
 */
async function refused(deps: IngestDeps, upload: UploadView, { error, by }: { error: unknown; by: Finisher }): Promise<never> {
  const at = deps.clock.now()
  if (!(error instanceof StorageError) || at < upload.expiresAt) throw error
  const reason = sayRefused(error)
  const { actor, requestId } = by
  await deps.store.transaction((tx) => failCompletion(tx, upload, { actor, requestId, reason, at }))
  throw new Problem('UPLOAD_CLOSED', reason, { cause: error })
}

/**
 * Takes a completion that has begun to its end, from wherever it was interrupted. Where it runs already it is joined; `mine` says that no
 * other instance can be at it.
 */
export function finishCompletion(
  deps: IngestDeps,
  upload: Pick<UploadView, 'tenantId' | 'id'>,
  { by, mine }: { by: Finisher; mine: boolean },
): Promise<void> {
  const work = async (signal: AbortSignal): Promise<void> => {
    const begun = await deps.store.read.uploads.find(upload.tenantId, upload.id)
    if (begun?.status !== 'completing') return
    const stat = await commitObject(deps, begun, signal).catch((error: unknown) => refused(deps, begun, { error, by }))
    const { actor, requestId } = by
    await deps.store.transaction((tx) => settle(tx, begun, { actor, requestId, stat, at: deps.clock.now() }))
    deps.points.reach('upload.complete.after-commit')
  }
  return deps.completions.join(upload, { mine, work })
}

/** Takes up a completion that was interrupted; nobody else is at it. */
export const resumeCompletion = (deps: IngestDeps, upload: UploadView): Promise<void> =>
  finishCompletion(deps, upload, { by: { actor: systemActor, requestId: null }, mine: true })

/** Whether `completion` ends within COMPLETION_WAIT; it goes on all the same. Rejects where it fails within that time. */
async function endsSoon({ clock }: IngestDeps, completion: Promise<void>): Promise<boolean> {
  const waiting = new AbortController()
  try {
    return await Promise.race([completion.then(() => true), clock.sleep(COMPLETION_WAIT, waiting.signal).then(() => false)])
  } finally {
    waiting.abort()
  }
}

/** The file is PENDING_UPLOAD while its completion still runs: asked for again, it is joined. */
export type Completed = { readonly file: File; readonly running: boolean }

/**
 * Completes an upload: the object appears at its key, the file is SCANNING and its verification queued. Repeatable: a second call, during
 * the first or after it, answers with the same file, and where the first still runs it is one piece of work. Waits a bounded time; the
 * completion goes on after it, and where nobody waits. After a crash at any point the next call, or the sweep, goes on where it was.
 */
export async function completeUpload(deps: IngestDeps, caller: Caller, request: { uploadId: string } & UploadComplete): Promise<Completed> {
  const upload = await getUpload(deps.store, caller, request.uploadId)
  requireOwner(caller, upload)
  let running = upload.status !== 'completed'
  while (running) {
    const mine = await beginCompletion(deps, upload, request.sha256?.toLowerCase() ?? null)
    const ended = await endsSoon(deps, finishCompletion(deps, upload, { by: caller, mine }))
    if (!ended) break
    // Another instance that was waited for may have failed, and opened the upload again.
    running = (await getUpload(deps.store, caller, upload.id)).status !== 'completed'
  }
  const file = await deps.store.read.files.find(caller.tenantId, upload.fileId)
  if (!file) throw new Problem('NOT_FOUND', 'The file of this upload was deleted.')
  return { file: toFile(file), running }
}
