import { Problem } from '@holdfast/api'
import { systemActor } from '../../core/actor.ts'
import type { Clock } from '../../core/clock.ts'
import type { CrashPoints } from '../../core/crash-point.ts'
import { hasChanged, type ObjectMark } from '../../core/object-mark.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { Store, Tx } from '../../db/store.ts'
import { type ObjectStat, StorageError } from '../../storage/target.ts'
import type { DigestPool } from '../ingest/digest-pool.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import type { TargetAccess } from '../target-access.ts'
import { subjectOf } from './hash-cancel.ts'
import { type HashOptions, hashObject } from './hash-object.ts'
import { HASH_ATTEMPTS } from './job-kinds.ts'

export type HashDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly targets: TargetAccess
  readonly digests: DigestPool
  readonly points: CrashPoints
}

export type HashTask = { readonly tenantId: string; readonly fileId: string; readonly jobId: string; readonly attempt: number }

/** The digest could not be found out, and another attempt would not change that. The message is for people. */
export class HashFailed extends Error {
  override readonly name = 'HashFailed'
}

/** `message` says it in plain words; `final` where another attempt would meet the same. */
class HashFault extends Error {
  readonly final: boolean
  constructor(message: string, options: { final: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.final = options.final
  }
}

const missing = (cause?: unknown): HashFault =>
  new HashFault('The object is not on the storage any more: somebody has removed or renamed it there. Run Sync.', { final: true, cause })
const changing = (cause?: unknown): HashFault =>
  new HashFault('The object was changed while it was read. Wait until nobody writes to it, then try again.', { final: false, cause })

function faultOf(error: unknown): HashFault | null {
  if (error instanceof HashFault) return error
  if (error instanceof ObjectDamaged) return error.missing ? missing(error) : changing(error)
  if (error instanceof Problem) return new HashFault(error.message, { final: true, cause: error })
  if (!(error instanceof StorageError)) return null
  if (error.fault === 'denied') {
    return new HashFault(`The storage does not allow reading the object: ${error.message}`, { final: true, cause: error })
  }
  const message = `The storage target does not answer (${error.message}). An administrator can run Test connection; then try again.`
  return new HashFault(message, { final: false, cause: error })
}

type Found = { readonly sha256: string; readonly seen: ObjectStat }

/** SHA-256 of the object as it lay there from the first byte to the last. */
async function readWhole(deps: HashDeps, file: FileRow, options: HashOptions): Promise<Found> {
  await using lease = await deps.targets.lease(file.tenantId, file.targetId)
  const { target } = lease
  const key = file.objectKey
  const { signal } = options
  const seen = await target.stat(key, { signal })
  if (!seen) throw missing()
  const sha256 = await hashObject(deps, { target, key, size: seen.size }, options)
  const after = await target.stat(key, { signal })
  if (!after) throw missing()
  if (hasChanged(seen, after)) throw changing()
  return { sha256, seen }
}

const markOf = (file: FileRow): ObjectMark => ({ size: file.objectSize, etag: file.objectEtag, modifiedAt: file.objectModifiedAt })
const told = (file: FileRow) => ({ tenantId: file.tenantId, actor: systemActor, requestId: null, ...subjectOf(file) })

/** The digest that the object has to have, null where none is known or the known one is out of date. */
const expectedOf = (file: FileRow): string | null => {
  if (file.hashState === 'none' || file.hashState === 'stale') return null
  return file.sha256 ?? file.declaredSha256
}

async function settle(tx: Tx, file: FileRow, { sha256, seen, at }: Found & { at: number }): Promise<void> {
  const expected = expectedOf(file)
  const same = expected === null || expected === sha256
  const mark = { size: seen.size, etag: seen.etag, modifiedAt: Math.floor(seen.modifiedAt), atRest: seen.atRest ?? null }
  const digests = same
    ? { hashState: 'computed' as const, sha256, diskSha256: null, verifiedAt: at }
    : { hashState: 'mismatch' as const, sha256: expected, diskSha256: sha256, verifiedAt: null }
  await tx.fileHashes.settle(file, { ...mark, ...digests })
  await tx.targets.settle(file.targetId, { reservedBytes: 0, usedBytes: seen.size - file.objectSize })
  if (!same) {
    const details = { name: file.name, sha256: expected, diskSha256: sha256, size: seen.size, declaredSha256: file.declaredSha256 }
    await tx.audit.append({ ...told(file), action: 'DIRECT_HASH_DISK_MISMATCH', result: 'failed', details })
    return
  }
  const previousSha256 = file.hashState === 'stale' ? (file.sha256 ?? file.declaredSha256) : null
  const details = { name: file.name, sha256, size: seen.size, declaredSha256: file.declaredSha256, previousSha256 }
  await tx.audit.append({ ...told(file), action: 'SHA256_COMPUTED', result: 'ok', details })
}

/** Whether what was read still says something of the file: nobody has cancelled it, and no Sync has seen another object since. */
async function stillWanted(tx: Tx, task: HashTask, read: { file: FileRow; found: Found }): Promise<FileRow | null> {
  const job = await tx.jobs.find(task.tenantId, task.jobId)
  if (job?.cancelRequested || job?.status === 'cancelled') return null
  const now = await tx.files.findAny(task.tenantId, task.fileId)
  if (now?.status !== 'READY' || now.targetId !== read.file.targetId) return null
  // An attempt before this one has settled it, and was killed before it could say so.
  if (job && task.attempt > 1 && now.hashState === 'computed' && (now.verifiedAt ?? 0) >= job.createdAt) return null
  if (hasChanged(markOf(now), markOf(read.file)) && hasChanged(markOf(now), read.found.seen)) throw changing()
  return now
}

async function fail(deps: HashDeps, file: FileRow, reason: string): Promise<void> {
  await deps.store.transaction(async (tx) => {
    await tx.fileHashes.explain(file, `Its SHA-256 could not be computed. ${reason}`)
    await tx.audit.append({ ...told(file), action: 'SHA256_FAILED', result: 'failed', details: { name: file.name, reason } })
  })
}

/**
 * Reads the object of a READY direct file and settles what is known of its digest (D10): the first one is taken down, a known one is
 * confirmed or becomes a mismatch with both kept, a stale one is replaced. Repeatable; a task that was cancelled settles nothing. Rejects
 * with `HashFailed`, after the log and the file tell why, where it is given up; otherwise another attempt may help.
 */
export async function hashFile(deps: HashDeps, task: HashTask, options: HashOptions): Promise<void> {
  const file = await deps.store.read.files.findAny(task.tenantId, task.fileId)
  if (file?.tier !== 'direct' || file.status !== 'READY') return
  try {
    const found = await readWhole(deps, file, options)
    await deps.store.transaction(async (tx) => {
      const now = await stillWanted(tx, task, { file, found })
      if (!now) return
      await settle(tx, now, { ...found, at: deps.clock.now() })
      deps.points.reach('hash.before-commit')
    })
    deps.points.reach('hash.after-commit')
  } catch (error) {
    options.signal.throwIfAborted()
    const fault = faultOf(error)
    if (!fault || (!fault.final && task.attempt < HASH_ATTEMPTS)) throw error
    await fail(deps, file, fault.message)
    throw new HashFailed(fault.message, { cause: error })
  }
}
