import { type File, type FileQuery, type PageOf, Problem } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import type { NewAuditEntry } from '../core/audit-entry.ts'
import type { Clock } from '../core/clock.ts'
import { hasObject } from '../core/file-states.ts'
import type { FileRow } from '../db/file-rows.ts'
import type { NewJob } from '../db/job-queue.ts'
import type { Store, Tx } from '../db/store.ts'
import { existing, requireVersion, toldBy } from './caller.ts'
import type { FilesBelow } from './cases.ts'
import { cancelHashing, findHashing } from './direct/hash-cancel.ts'
import { hashFileJob } from './direct/job-kinds.ts'
import { toFile } from './file-view.ts'
import { requireNoHold, requireNoHoldBelow } from './holds/require-no-hold.ts'
import { bucketUrlExpiry, endUpload } from './ingest/abort.ts'
import { purgeObjectJob, verifyFileJob } from './ingest/job-kinds.ts'
import { giveUpSync } from './moves/staging.ts'
import { scanObjectJob } from './objects/job-kinds.ts'
import { cutPage, fromCursor, rowsFor } from './pages.ts'
import { targetRemoved } from './target-view.ts'

export type FileDeps = {
  readonly store: Store
  readonly clock: Clock
}

export interface FileService extends FilesBelow {
  get(caller: Caller, fileId: string): Promise<File>
  /** Newest first, those of running uploads among them. */
  list(caller: Caller, query: FileQuery): Promise<PageOf<File>>
  /** The row becomes a tombstone without a key, its bytes are free again, and a job removes the object. An upload under way is cancelled. LEGAL_HOLD where a hold covers it. */
  remove(caller: Caller, fileId: string, expectedVersion: number | null): Promise<void>
  /** Queues another reading back of the file; answers the id of the job. */
  verify(caller: Caller, fileId: string): Promise<{ jobId: string }>
  /**
   * Stops what reads a direct file back; does nothing where no task is queued or running. Right after its upload the file is then READY with
   * the digest that was declared: FORBIDDEN for those who may not upload.
   */
  cancelVerify(caller: Caller, fileId: string): Promise<void>
}

const PAGE = 200

/** What the log tells of a deletion: objects of apps have an action of their own (O14). */
function removalOf(caller: Caller, file: FileRow): NewAuditEntry {
  const { caseId, itemId, id: fileId, name, size, sha256 } = file
  if (file.tier !== 'object')
    return { ...toldBy(caller), caseId, itemId, fileId, action: 'DELETE', details: { kind: 'file', name, size, sha256 } }
  const owner = { ownerEntityType: file.ownerType, ownerEntityId: file.ownerId }
  return { ...toldBy(caller), fileId, action: 'OBJECT_DELETED', details: { name, objectClass: file.objectClass, ...owner, size, sha256 } }
}

async function deleteStored(tx: Tx, caller: Caller, file: FileRow, at: number): Promise<void> {
  await tx.files.become(file, 'DELETED', { deletedAt: at, wrappedKey: null })
  await giveUpSync(tx, file)
  if (hasObject(file.status)) await tx.targets.free(file.targetId, file.objectSize)
  const upload = await tx.uploads.findOfFile(file.tenantId, file.id)
  if (upload) await tx.uploads.deleteParts(upload.id)
  await tx.jobs.enqueue(purgeObjectJob({ tenantId: file.tenantId, fileId: file.id, urlExpiresAt: bucketUrlExpiry(upload) }))
  await tx.audit.append(removalOf(caller, file))
}

async function deleteUploading(tx: Tx, caller: Caller, file: FileRow, at: number): Promise<void> {
  const upload = await tx.uploads.findOfFile(file.tenantId, file.id)
  if (upload && (await endUpload(tx, upload, { actor: caller.actor, requestId: caller.requestId, reason: 'deleted', at }))) return
  throw new Problem('CONFLICT', `The upload of “${file.name}” is just being completed. Try again in a moment.`)
}

async function deleteFile(deps: FileDeps, tx: Tx, { caller, file }: { caller: Caller; file: FileRow }): Promise<void> {
  await requireNoHold(tx, file)
  const at = deps.clock.now()
  if (file.status === 'PENDING_UPLOAD') await deleteUploading(tx, caller, file, at)
  else await deleteStored(tx, caller, file, at)
}

/** The job that reads the object of a stored file: the first time to settle it, later to prove it again. */
function firstOrNextReading(file: FileRow): NewJob {
  const place = { tenantId: file.tenantId, fileId: file.id }
  const isFirst = file.status === 'SCANNING'
  if (isFirst && file.tier === 'object') return scanObjectJob(place)
  return !isFirst && file.tier === 'direct' ? hashFileJob(place) : verifyFileJob({ ...place, fresh: isFirst })
}

export function fileService(deps: FileDeps): FileService {
  const { store } = deps
  return {
    async get(caller, fileId) {
      const file = existing(await store.read.files.find(caller.tenantId, fileId), 'file')
      return toFile(file, (await findHashing(store.read, [file])).get(fileId))
    },
    async list(caller, query) {
      const itemId = query.itemId === 'none' ? null : query.itemId
      const filter = { tenantId: caller.tenantId, caseId: query.caseId, itemId, tier: query.tier, status: query.status }
      const rows = await store.read.files.list(filter, { before: fromCursor(query.cursor), limit: rowsFor(query) })
      const page = cutPage(rows, query)
      // Files of other tiers are not asked after: their tasks are short, and lists are what is read most.
      const direct = page.rows.filter((row) => row.tier === 'direct')
      const hashing = await findHashing(store.read, direct)
      return { items: page.rows.map((row) => toFile(row, hashing.get(row.id))), nextCursor: page.nextCursor }
    },
    async remove(caller, fileId, expectedVersion) {
      await store.transaction(async (tx) => {
        const file = existing(await tx.files.find(caller.tenantId, fileId), 'file')
        requireVersion(file, expectedVersion)
        await deleteFile(deps, tx, { caller, file })
      })
    },
    async deleteBelow(tx, caller, scope) {
      const owner = { tenantId: caller.tenantId, caseId: scope.caseId, ...(scope.itemId === null ? {} : { itemId: scope.itemId }) }
      await requireNoHoldBelow(tx, { tenantId: caller.tenantId, ...scope })
      let count = 0
      for (;;) {
        const files = await tx.files.pageOfOwner(owner, '', PAGE)
        if (files.length === 0) return count
        for (const file of files) await deleteFile(deps, tx, { caller, file })
        count += files.length
      }
    },
    async verify(caller, fileId) {
      const file = existing(await store.read.files.find(caller.tenantId, fileId), 'file')
      if (file.targetRemovedAt !== null) throw targetRemoved(file.targetName)
      if (!['SCANNING', 'READY', 'DAMAGED'].includes(file.status)) {
        throw new Problem('FILE_NOT_READY', 'Only a stored file can be verified.', { extra: { fileStatus: file.status } })
      }
      const job = firstOrNextReading(file)
      return { jobId: await store.transaction((tx) => tx.jobs.enqueue(job)) }
    },
    async cancelVerify(caller, fileId) {
      await store.transaction(async (tx) => {
        const file = existing(await tx.files.find(caller.tenantId, fileId), 'file')
        await cancelHashing(tx, caller, { file, at: deps.clock.now() })
      })
    },
  }
}
