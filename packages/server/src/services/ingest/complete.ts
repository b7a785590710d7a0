import { type File, Problem, type UploadComplete } from '@holdfast/api'
import { type Caller, systemActor } from '../../core/actor.ts'
import { driverPart, planOfUpload } from '../../core/upload-plan.ts'
import type { Tx } from '../../db/store.ts'
import type { StoredPart } from '../../db/upload-parts.ts'
import type { UploadView } from '../../db/uploads.ts'
import { type PartReceipt, StorageError, type StorageTarget } from '../../storage/target.ts'
import { toFile } from '../file-view.ts'
import type { IngestDeps } from './deps.ts'
import { driverWrite } from './driver-write.ts'
import { verifyFileJob } from './job-kinds.ts'
import { getUpload, openCipher, requireOwner, uploadClosed, uploadNotFound } from './session.ts'

/** Who asked for the completion: a caller, or the system where it takes up one that was interrupted. */
type Finisher = Pick<Caller, 'actor' | 'requestId'>

const MAX_LISTED = 1000

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

/** Closes the upload for parts, for good unless the target then turns out not to hold them. Exactly one of cancel and complete gets through. */
async function beginCompletion(deps: IngestDeps, upload: UploadView, declaredSha256: string | null): Promise<void> {
  await deps.store.transaction(async (tx) => {
    const now = await tx.uploads.find(upload.tenantId, upload.id)
    if (!now) throw uploadNotFound()
    if (now.status === 'completing' || now.status === 'completed') return
    if (now.status === 'aborted') throw uploadClosed(now)
    requireAllParts(now, await tx.uploads.parts(upload.id))
    await tx.uploads.move(now, 'open', 'completing', deps.clock.now())
    if (declaredSha256 !== null) await tx.files.declare({ tenantId: now.tenantId, id: now.fileId }, declaredSha256)
  })
}

/** An empty file has no parts: its one empty segment is sealed now. Sealing it again makes another that is as good. */
async function storeEmpty(
  deps: IngestDeps,
  upload: UploadView,
  target: StorageTarget,
): Promise<{ writeId: string; receipts: PartReceipt[] }> {
  const write = driverWrite(target, upload)
  await write.begin()
  try {
    await deps.store.transaction((tx) => write.keep(tx))
  } finally {
    await write.settle()
  }
  const cipher = await openCipher(deps.keys, upload, upload.header)
  const { storedLength } = driverPart(planOfUpload(upload), 1)
  const bytes = new Uint8Array(storedLength)
  bytes.set(cipher.header)
  cipher.sealSegmentInto(bytes.subarray(cipher.header.length), { index: 0, isLast: true }, [])
  try {
    const receipt = await target.writePart(upload.objectKey, write.id, { number: 1, offset: 0, bytes })
    await target.flushWrite(upload.objectKey, write.id)
    return { writeId: write.id, receipts: [receipt] }
  } catch (error) {
    if (!(error instanceof StorageError) || error.fault !== 'not-found') throw error
    // An earlier completion has committed it; the commit is repeatable and knows.
    return { writeId: write.id, receipts: [{ number: 1, size: storedLength, tag: null }] }
  }
}

async function storedParts(
  deps: IngestDeps,
  upload: UploadView,
  target: StorageTarget,
): Promise<{ writeId: string; receipts: PartReceipt[] }> {
  if (upload.partCount === 0) return storeEmpty(deps, upload, target)
  const parts = await deps.store.read.uploads.parts(upload.id)
  return { writeId: upload.writeId ?? '', receipts: parts.flatMap((part) => [...part.receipts]) }
}

/** Makes the object appear at its key, durably. */
async function commitObject(deps: IngestDeps, upload: UploadView): Promise<void> {
  await using lease = await deps.targets.lease(upload.tenantId, upload.targetId)
  const { target } = lease
  const { writeId, receipts } = await storedParts(deps, upload, target)
  deps.points.reach('upload.complete.before-commit-write')
  try {
    const stat = await target.commitWrite(upload.objectKey, writeId, receipts)
    if (stat.size !== upload.objectSize) throw new StorageError('bad-part', `The object has ${stat.size} bytes, not ${upload.objectSize}`)
  } catch (error) {
    if (error instanceof StorageError) await reopen(deps, upload, error)
    throw error
  }
  deps.points.reach('upload.complete.after-commit-write')
}

/**
 * The target does not hold what the receipts say. 'bad-part': it says so itself, and the parts have to come again. 'not-found': the write is
 * gone, or its disk is not mounted, which looks the same; the receipts stay, since dropping them would lose parts that may still be there.
 */
async function reopen(deps: IngestDeps, upload: UploadView, error: StorageError): Promise<void> {
  if (error.fault !== 'bad-part' && error.fault !== 'not-found') return
  await deps.store.transaction(async (tx) => {
    const moved = await tx.uploads.move(upload, 'completing', 'open', deps.clock.now())
    if (moved && error.fault === 'bad-part') await tx.uploads.deleteParts(upload.id)
  })
  if (error.fault === 'bad-part') {
    throw new Problem('PARTS_MISSING', 'The storage target no longer holds what it acknowledged. Send the parts again.', { cause: error })
  }
  throw new Problem(
    'TARGET_UNAVAILABLE',
    'The storage target does not find the parts of this upload. If its disk is not mounted, mount it and complete again; otherwise cancel the upload and start anew.',
    { cause: error },
  )
}

async function settle(tx: Tx, upload: UploadView, by: Finisher & { at: number }): Promise<void> {
  const { tenantId, fileId, objectSize, targetId } = upload
  if (!(await tx.uploads.move(upload, 'completing', 'completed', by.at))) return
  if (!(await tx.files.become({ tenantId, id: fileId }, 'SCANNING'))) throw new Error('The file of an upload has left PENDING_UPLOAD')
  const file = await tx.files.findAny(tenantId, fileId)
  await tx.targets.settle(targetId, { reservedBytes: objectSize, usedBytes: objectSize })
  await tx.targets.notePass(targetId, { at: by.at, notAfter: by.at - PASS_NOTED_EVERY })
  await tx.audit.append({
    tenantId,
    actor: by.actor,
    requestId: by.requestId,
    action: 'UPLOAD_COMPLETED',
    result: 'ok',
    caseId: upload.caseId,
    itemId: upload.itemId,
    fileId,
    details: {
      uploadId: upload.id,
      name: upload.name,
      size: upload.size,
      parts: upload.partCount,
      declaredSha256: file?.declaredSha256 ?? null,
    },
  })
  await tx.jobs.enqueue(verifyFileJob({ tenantId, fileId, fresh: true }))
}

/** A pass of the target is noted at most this often, so that uploads do not all write to its row (T7 counts in minutes). */
const PASS_NOTED_EVERY = 60_000

/** Takes a completion that has begun to its end, from wherever it was interrupted. */
export async function finishCompletion(
  deps: IngestDeps,
  upload: UploadView,
  by: Finisher = { actor: systemActor, requestId: null },
): Promise<void> {
  await commitObject(deps, upload)
  await deps.store.transaction((tx) => settle(tx, upload, { ...by, at: deps.clock.now() }))
  deps.points.reach('upload.complete.after-commit')
}

/**
 * Completes an upload: the object appears at its key, the file is SCANNING and its verification queued. Repeatable: a second call, during
 * the first or after it, answers with the same file. After a crash at any point the next call, or the sweep, goes on where it was.
 */
export async function completeUpload(deps: IngestDeps, caller: Caller, request: { uploadId: string } & UploadComplete): Promise<File> {
  const upload = await getUpload(deps.store, caller, request.uploadId)
  requireOwner(caller, upload)
  if (upload.status !== 'completed') {
    await beginCompletion(deps, upload, request.sha256?.toLowerCase() ?? null)
    const begun = await getUpload(deps.store, caller, upload.id)
    if (begun.status === 'completing') await finishCompletion(deps, begun, caller)
  }
  const file = await deps.store.read.files.find(caller.tenantId, upload.fileId)
  if (!file) throw new Problem('NOT_FOUND', 'The file of this upload was deleted.')
  return toFile(file)
}
