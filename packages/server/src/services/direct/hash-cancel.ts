import { type File, Problem } from '@holdfast/api'
import { permissionsOf } from '../../core/access.ts'
import type { Caller } from '../../core/actor.ts'
import type { FileView } from '../../db/file-rows.ts'
import type { JobRow } from '../../db/job-queue.ts'
import type { Tables, Tx } from '../../db/store.ts'
import { toldBy } from '../caller.ts'
import { verifyKey } from '../ingest/job-kinds.ts'
import { hashKey } from './job-kinds.ts'
import { settleUnread } from './verify-upload.ts'

const bytesOf = (job: JobRow): number => (typeof job.progress?.bytes === 'number' ? job.progress.bytes : 0)

const taskKey = (row: FileView): string => (row.tier === 'direct' && row.status !== 'SCANNING' ? hashKey(row.id) : verifyKey(row.id))

/** The tasks that read those of `rows` back, by file: one question for all of them. */
export async function findHashing(tables: Pick<Tables, 'jobs'>, rows: readonly FileView[]): Promise<Map<string, File['hashing']>> {
  const jobs = await tables.jobs.findAllActive(rows.map(taskKey))
  const found = new Map<string, File['hashing']>()
  for (const row of rows) {
    const { id, size } = row
    const job = jobs.get(taskKey(row))
    if (job && !job.cancelRequested) found.set(id, { jobId: job.id, bytes: bytesOf(job), size: sizeOf(job) ?? size })
  }
  return found
}

const sizeOf = (job: JobRow): number | null => (typeof job.progress?.size === 'number' ? job.progress.size : null)

/** For the transaction that cancels a hash task: the log tells how far it was, as it was last noted. */
export async function hashCancelled(tx: Tx, caller: Caller, job: JobRow): Promise<void> {
  const { fileId } = job.payload
  const file = typeof fileId === 'string' ? await tx.files.findAny(caller.tenantId, fileId) : null
  if (!file) return
  const details = { name: file.name, bytes: bytesOf(job), size: sizeOf(job) ?? file.size, jobId: job.id }
  await tx.audit.append({ ...toldBy(caller), ...subjectOf(file), action: 'SHA256_CANCELLED', details })
}

export const subjectOf = (file: { caseId: string | null; itemId: string | null; id: string }) => ({
  caseId: file.caseId,
  itemId: file.itemId,
  fileId: file.id,
})

/**
 * For the transaction that cancels the first reading back of an upload. A direct file stays as it was sent: READY, its digest as it was
 * declared or not known, and to be calculated or re-verified later. Files of other tiers are proven all the same, by another job.
 */
export async function verifyCancelled(tx: Tx, caller: Caller, { job, at }: { job: JobRow; at: number }): Promise<void> {
  const { fileId } = job.payload
  const file = typeof fileId === 'string' ? await tx.files.findAny(caller.tenantId, fileId) : null
  if (file?.tier === 'direct' && (await settleUnread(tx, file, at))) await hashCancelled(tx, caller, job)
}

/**
 * Cancels what reads a direct file back, if a task is queued or running. Where that is the first reading after its upload, it is for those
 * who may upload (FORBIDDEN): nobody else decides that a declared digest is enough.
 */
export async function cancelHashing(tx: Tx, caller: Caller, { file, at }: { file: FileView; at: number }): Promise<void> {
  const job = file.tier === 'direct' ? await tx.jobs.findActive(taskKey(file)) : null
  if (!job || job.cancelRequested) return
  const isFirst = file.status === 'SCANNING'
  if (isFirst && !permissionsOf(caller).includes('file.upload')) {
    throw new Problem('FORBIDDEN', 'The first reading back of an upload can be cancelled by those who may upload.')
  }
  await tx.jobs.cancel(caller.tenantId, job.id)
  await (isFirst ? verifyCancelled(tx, caller, { job, at }) : hashCancelled(tx, caller, job))
}
