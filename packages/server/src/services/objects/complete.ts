import { type ObjectComplete, Problem, type StoredObject } from '@holdfast/api'
import { type Caller, systemActor } from '../../core/actor.ts'
import type { FileChange, FileRow } from '../../db/file-rows.ts'
import type { ObjectRow } from '../../db/objects.ts'
import type { Tx } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { ObjectStat } from '../../storage/target.ts'
import { existing } from '../caller.ts'
import { commitObject } from '../ingest/commit-object.ts'
import { PASS_NOTED_EVERY } from '../ingest/complete.ts'
import { uploadClosed } from '../ingest/session.ts'
import type { ObjectDeps } from './deps.ts'
import { failUpload } from './fail.ts'
import { scanObjectJob } from './job-kinds.ts'
import { digestBytes, openObjectBytes } from './read-object.ts'
import { urlExpired } from './urls.ts'
import { toStoredObject } from './view.ts'

/** Who asked for the completion: a caller, or the system where it takes up one that was interrupted. */
export type Finisher = Pick<Caller, 'actor' | 'requestId'>
type Declared = { readonly sha256: string | null; readonly md5: string | null }
type Received = { readonly upload: UploadView; readonly file: FileRow; readonly stat: ObjectStat | null }

/** What the request says of the bytes, in lower case. VALIDATION_ERROR where it says two things. */
function declaredOf({ checksum, checksums }: ObjectComplete): Declared {
  const md5 = checksums?.md5?.toLowerCase() ?? checksum?.toLowerCase() ?? null
  if (checksum !== undefined && checksum.toLowerCase() !== md5) {
    throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: 'checksum', message: 'is another MD5 than checksums.md5' }] })
  }
  return { sha256: checksums?.sha256?.toLowerCase() ?? null, md5 }
}

async function getObject(deps: ObjectDeps, tenantId: string, id: string): Promise<{ file: ObjectRow; upload: UploadView }> {
  const { read } = deps.ingest.store
  const file = existing(await read.objects.find(tenantId, id), 'object')
  return { file, upload: existing(await read.uploads.findOfFile(tenantId, id), 'upload') }
}

const notReceived = (deps: ObjectDeps, upload: UploadView): Problem =>
  deps.ingest.clock.now() >= (upload.urlExpiresAt ?? 0) ? urlExpired() : new Problem('OBJECT_NOT_RECEIVED')

/** The object as the bucket has it; null where it has none. */
async function findReceived(deps: ObjectDeps, upload: UploadView): Promise<ObjectStat | null> {
  await using lease = await deps.ingest.targets.lease(upload.tenantId, upload.targetId)
  return await lease.target.stat(upload.objectKey)
}

/** What was declared before holds: of the first completion, or of the initiation. */
async function keepDeclared(tx: Tx, upload: UploadView, declared: Declared): Promise<void> {
  const { tenantId, fileId } = upload
  if (declared.md5 !== null) await tx.uploads.declareMd5(upload, declared.md5)
  if (declared.sha256 !== null) await tx.files.declare({ tenantId, id: fileId }, declared.sha256)
  const now = await tx.uploads.find(tenantId, upload.id)
  const file = await tx.files.findAny(tenantId, fileId)
  const md5Differs = declared.md5 !== null && now?.declaredMd5 !== declared.md5
  const sha256Differs = declared.sha256 !== null && file?.declaredSha256 !== declared.sha256
  if (!md5Differs && !sha256Differs) return
  throw otherChecksum()
}

const otherChecksum = (): Problem =>
  new Problem('CONFLICT', 'Another checksum was declared for this upload before. Initiate again where the bytes are other ones.')

/** Of an upload that is completed, what was declared and what its bytes were found to be holds: a later call with something else is no repetition. */
function requireSame({ upload, file }: { upload: UploadView; file: FileRow }, { md5, sha256 }: Declared): void {
  const known = { md5: upload.declaredMd5, sha256: file.sha256 ?? file.declaredSha256 }
  const md5Differs = md5 !== null && known.md5 !== null && md5 !== known.md5
  if (md5Differs || (sha256 !== null && known.sha256 !== null && sha256 !== known.sha256)) throw otherChecksum()
}

/** Closes the upload for bytes, for good. Of a cancel and a completion at once exactly one gets through. */
async function begin(deps: ObjectDeps, upload: UploadView, declared: Declared): Promise<void> {
  const { store, clock, points } = deps.ingest
  await store.transaction(async (tx) => {
    const now = existing(await tx.uploads.find(upload.tenantId, upload.id), 'upload')
    if (now.status === 'completed') return
    if (now.status === 'aborted') throw uploadClosed(now)
    if (now.delivery === 'server') {
      const parts = await tx.uploads.parts(now.id)
      if (parts.reduce((sum, part) => sum + part.size, 0) !== now.size) throw notReceived(deps, now)
    }
    await keepDeclared(tx, now, declared)
    if (now.status === 'open') await tx.uploads.move(now, 'open', 'completing', clock.now())
  })
  points.reach('object.complete.after-begin')
}

/** Whether a bucket's ETag says that the object has this MD5: it does for a single PUT without SSE-KMS. Otherwise nobody knows yet. */
const provesMd5 = (stat: ObjectStat | null, md5: string): boolean => stat?.atRest !== 'sse-kms' && stat?.etag === md5

/** Null where the bytes are those that were declared, else what to tell the sender. */
async function findMismatch(deps: ObjectDeps, { upload, file, stat }: Received): Promise<string | null> {
  const { declaredMd5 } = upload
  const { declaredSha256 } = file
  if (stat !== null && stat.size !== upload.objectSize) return `The object has ${stat.size} bytes, not ${upload.objectSize}.`
  const md5Proven = declaredMd5 === null || provesMd5(stat, declaredMd5)
  if (md5Proven && declaredSha256 === null) return null
  await using lease = await deps.ingest.targets.lease(file.tenantId, file.targetId)
  const { signal } = new AbortController()
  using source = await openObjectBytes(deps.reader, file, { target: lease.target, signal })
  const found = await digestBytes(source, { signal })
  if (declaredMd5 !== null && found.md5 !== declaredMd5) return `MD5 of the stored bytes is ${found.md5}, not ${declaredMd5}.`
  if (declaredSha256 !== null && found.sha256 !== declaredSha256)
    return `SHA-256 of the stored bytes is ${found.sha256}, not ${declaredSha256}.`
  return null
}

async function settle(tx: Tx, received: Received, by: Finisher & { at: number }): Promise<void> {
  if (await tx.uploads.move(received.upload, 'completing', 'completed', by.at)) await take(tx, received, by)
}

/** What goes with an upload that is completed by now. */
async function take(tx: Tx, received: Received, by: Finisher & { at: number }): Promise<void> {
  const { upload, file, stat } = received
  const { tenantId, fileId, targetId, objectSize } = upload
  const seen: FileChange = stat === null ? {} : { objectEtag: stat.etag, objectModifiedAt: stat.modifiedAt, atRest: stat.atRest ?? null }
  if (!(await tx.files.become({ tenantId, id: fileId }, 'SCANNING', seen))) throw new Error('The file of an upload has left PENDING_UPLOAD')
  const pass = { at: by.at, notAfter: by.at - PASS_NOTED_EVERY }
  await tx.targets.settle(targetId, { reservedBytes: objectSize, usedBytes: objectSize, pass })
  const { actor, requestId } = by
  const sums = { declaredSha256: file.declaredSha256, declaredMd5: upload.declaredMd5 }
  const details = { uploadId: upload.id, name: file.name, size: file.size, parts: upload.partCount, ...sums, objectClass: file.objectClass }
  await tx.audit.append({ tenantId, actor, requestId, fileId, action: 'UPLOAD_COMPLETED', result: 'ok', details })
  await tx.jobs.enqueue(scanObjectJob({ tenantId, fileId }))
}

/** Takes a completion that has begun to its end, from wherever it was interrupted. CHECKSUM_MISMATCH once the object is gone for it. */
export async function finishObject(
  deps: ObjectDeps,
  upload: UploadView,
  by: Finisher = { actor: systemActor, requestId: null },
): Promise<void> {
  const { store, points, clock } = deps.ingest
  if (upload.delivery === 'server') await commitObject(deps.ingest, upload)
  points.reach('object.complete.after-commit-write')
  const stat = upload.delivery === 'server' ? null : await findReceived(deps, upload)
  const file = existing(await store.read.objects.find(upload.tenantId, upload.fileId), 'object')
  const isGone = upload.delivery === 'presigned' && stat === null
  const received = { upload, file: { ...file, objectEtag: stat?.etag ?? null }, stat }
  const mismatch = isGone ? 'The object is not in the bucket any more.' : await findMismatch(deps, received)
  if (mismatch !== null) {
    await failUpload(deps, { upload, file, reason: mismatch }, by)
    throw new Problem('CHECKSUM_MISMATCH', `${mismatch} Upload again; the corrupted object is gone.`)
  }
  await store.transaction((tx) => settle(tx, { upload, file, stat }, { ...by, at: clock.now() }))
  points.reach('object.complete.after-commit')
}

/** As `finishObject`; where another completion was first, what it completed may lie elsewhere by now, and that is no failure of this one. */
async function finishUnlessDone(deps: ObjectDeps, upload: UploadView, by: Finisher): Promise<void> {
  try {
    await finishObject(deps, upload, by)
  } catch (error) {
    const now = await deps.ingest.store.read.uploads.find(upload.tenantId, upload.id)
    if (now?.status !== 'completed') throw error
  }
}

/**
 * Completes in one commit what the bucket has and what its ETag proves, or what nothing was declared of. False where the bytes have to be
 * read first, or another completion has begun. UPLOAD_URL_EXPIRED or OBJECT_NOT_RECEIVED where the bucket has nothing.
 */
async function completeAtOnce(deps: ObjectDeps, upload: UploadView, given: { declared: Declared; by: Finisher }): Promise<boolean> {
  if (upload.delivery !== 'presigned') return false
  const { declared, by } = given
  const { store, clock, points } = deps.ingest
  const stat = await findReceived(deps, upload)
  if (!stat) throw notReceived(deps, upload)
  if (stat.size !== upload.objectSize || declared.sha256 !== null) return false
  if (declared.md5 !== null && !provesMd5(stat, declared.md5)) return false
  const done = await store.transaction(async (tx) => {
    const at = clock.now()
    const file = await tx.files.findAny(upload.tenantId, upload.fileId)
    if (!file || file.declaredSha256 !== null) return false
    if (!(await tx.uploads.completeOpen(upload, { declaredMd5: declared.md5, at }))) return false
    await take(tx, { upload: { ...upload, declaredMd5: declared.md5 }, file, stat }, { ...by, at })
    return true
  })
  points.reach('object.complete.after-commit')
  return done
}

/**
 * Completes the upload of an object: size and declared checksums are compared with what is stored, then it is SCANNING and its scan
 * queued. Repeatable: later calls answer the object as it is. A mismatch removes the object, and the upload has failed for good.
 */
export async function completeObject(
  deps: ObjectDeps,
  caller: Caller,
  request: { id: string; declared: ObjectComplete },
): Promise<StoredObject> {
  const declared = declaredOf(request.declared)
  const { upload, file } = await getObject(deps, caller.tenantId, request.id)
  if (upload.status === 'aborted') throw uploadClosed(upload)
  if (upload.status === 'completed') requireSame({ upload, file }, declared)
  if (upload.status !== 'completed' && !(await completeAtOnce(deps, upload, { declared, by: caller }))) {
    await begin(deps, upload, declared)
    const begun = (await getObject(deps, caller.tenantId, request.id)).upload
    if (begun.status === 'completing') await finishUnlessDone(deps, begun, caller)
  }
  return toStoredObject(existing(await deps.ingest.store.read.objects.find(caller.tenantId, request.id), 'object'))
}
