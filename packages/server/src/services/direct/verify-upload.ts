import { systemActor } from '../../core/actor.ts'
import { hasChanged, type ObjectMark } from '../../core/object-mark.ts'
import type { FileChange, FileRow } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import { type ObjectStat, StorageError, type StorageTarget } from '../../storage/target.ts'
import { lockIfHeld } from '../holds/lock-objects.ts'
import { purgeObjectJob } from '../ingest/job-kinds.ts'
import type { VerifyDeps, VerifyOptions } from '../verify.ts'
import { webhookEvents } from '../webhooks/events.ts'
import { hashObject } from './hash-object.ts'

/** What was found of a fresh upload: its object, and the digest where it was read back. */
type Found = { readonly stat: ObjectStat; readonly sha256: string | null; readonly changed: boolean; readonly at: number }

const told = (file: FileRow) => ({
  tenantId: file.tenantId,
  actor: systemActor,
  requestId: null,
  caseId: file.caseId,
  itemId: file.itemId,
  fileId: file.id,
})

const markOf = (file: FileRow): ObjectMark => ({ size: file.objectSize, etag: file.objectEtag, modifiedAt: file.objectModifiedAt })

/** A file server is read back whatever the size; a bucket up to a limit, since reading costs what the provider asks for it. */
const isReadBack = (kind: StorageTarget['kind'], size: number, limit: number): boolean => kind !== 's3' || size <= limit

async function getStat(target: StorageTarget, file: FileRow, signal: AbortSignal): Promise<ObjectStat> {
  const stat = await target.stat(file.objectKey, { signal })
  // Not mounted looks the same: nothing is decided before it is there again.
  if (!stat) throw new StorageError('unavailable', 'The object is not to be found at its target')
  return stat
}

async function look(deps: VerifyDeps, file: FileRow, options: VerifyOptions): Promise<Found> {
  const { signal } = options
  await using lease = await deps.targets.lease(file.tenantId, file.targetId)
  const { target } = lease
  const stat = await getStat(target, file, signal)
  const changed = hasChanged(markOf(file), stat)
  const reading = stat.size === file.objectSize && isReadBack(target.kind, stat.size, deps.directVerifyMaxBytes)
  const sha256 = reading ? await hashObject(deps, { target, key: file.objectKey, size: stat.size }, options) : null
  if (reading && hasChanged(stat, await getStat(target, file, signal)))
    throw new StorageError('unavailable', 'The object changed while it was read')
  return { stat, sha256, changed, at: deps.clock.now() }
}

const seen = ({ stat }: Found): FileChange => ({
  objectEtag: stat.etag,
  objectModifiedAt: stat.modifiedAt,
  ...(stat.atRest === undefined ? {} : { atRest: stat.atRest }),
})

/** The end of an upload: false, and nothing changed, where it has another already. */
async function becomeReady(tx: Tx, file: FileRow, at: number, change: FileChange): Promise<boolean> {
  if (!(await tx.files.become(file, 'READY', { readyAt: at, statusReason: null, ...change }))) return false
  await lockIfHeld(tx, file)
  const sha256 = change.sha256 ?? file.sha256
  await webhookEvents(tx, { type: 'upload.ready', file: { ...file, status: 'READY', sha256 }, at })
  const upload = await tx.uploads.findOfFile(file.tenantId, file.id)
  if (upload) await tx.uploads.deleteParts(upload.id)
  return true
}

/** What lies there is what was sent, as far as anybody knows. */
async function settleProven(tx: Tx, file: FileRow, found: Found & { sha256: string }): Promise<void> {
  const { sha256, at } = found
  if (!(await becomeReady(tx, file, at, { ...seen(found), sha256, hashState: 'computed', verifiedAt: at }))) return
  const details = { name: file.name, sha256, size: file.size, declaredSha256: file.declaredSha256 }
  const action = file.declaredSha256 === null ? 'SHA256_COMPUTED' : 'DIRECT_HASH_VERIFIED'
  await tx.audit.append({ ...told(file), action, result: 'ok', details })
}

/** The bytes that arrived are others than the sender meant (D11). */
async function settleMismatch(tx: Tx, file: FileRow, found: Found & { sha256: string }): Promise<void> {
  const reason =
    'The bytes on the storage are not those that the sender declared (SHA-256 differs). They were removed. Upload the file again.'
  if (!(await tx.files.become(file, 'FAILED', { statusReason: reason, ...seen(found) }))) return
  await tx.targets.free(file.targetId, file.objectSize)
  await tx.jobs.enqueue(purgeObjectJob({ tenantId: file.tenantId, fileId: file.id }))
  await webhookEvents(tx, { type: 'upload.failed', file: { ...file, status: 'FAILED' }, at: found.at })
  const { name, declaredSha256, objectKey: key } = file
  const details = { name, declaredSha256, computedSha256: found.sha256, key }
  await tx.audit.append({ ...told(file), action: 'DIRECT_HASH_MISMATCH', result: 'failed', details })
}

/** Somebody changed the object between completion and this look: it is kept, and what is known of its digest is of before. */
async function settleChanged(tx: Tx, file: FileRow, found: Found): Promise<void> {
  const { size } = found.stat
  const statusReason =
    'The object was changed on the storage right after it was uploaded. Recompute its hash, and compare it with what was sent.'
  const change: FileChange = { ...seen(found), hashState: 'stale', size, objectSize: size, statusReason }
  if (!(await becomeReady(tx, file, found.at, change))) return
  await tx.targets.settle(file.targetId, { reservedBytes: 0, usedBytes: size - file.objectSize })
  const details = { name: file.name, sha256: file.declaredSha256, reason: 'changed after completion', size, previousSize: file.objectSize }
  await tx.audit.append({ ...told(file), action: 'SHA256_INVALIDATED', result: 'failed', details })
}

async function settle(tx: Tx, file: FileRow, found: Found): Promise<void> {
  const { sha256, changed } = found
  const agrees = sha256 !== null && sha256 === file.declaredSha256
  if (sha256 !== null && (agrees || (!changed && file.declaredSha256 === null))) return settleProven(tx, file, { ...found, sha256 })
  if (changed) return settleChanged(tx, file, found)
  if (sha256 !== null) return settleMismatch(tx, file, { ...found, sha256 })
  await becomeReady(tx, file, found.at, seen(found))
}

/**
 * Settles a direct file that is not read back after its upload, since somebody has cancelled that: READY with the digest that its sender
 * declared, if any, as one that is too large to be read back. False where it is settled already.
 */
export const settleUnread = (tx: Tx, file: FileRow, at: number): Promise<boolean> => becomeReady(tx, file, at, {})

/**
 * Settles a direct file that has just been uploaded: what lies there is looked at, and read back where that is due. It becomes READY with
 * the digest that is known of it, or FAILED where the bytes are not those that the sender declared. An object that is not as it was at
 * completion is nobody's fault here: it is kept as stale, unless its bytes prove right. Rejects, and settles nothing, where the target or
 * the object is away. Repeatable.
 */
export async function verifyDirectUpload(deps: VerifyDeps, file: FileRow, options: VerifyOptions): Promise<void> {
  const found = await look(deps, file, options)
  await deps.store.transaction(async (tx) => {
    await settle(tx, file, found)
    deps.points.reach('verify.before-commit')
  })
  deps.points.reach('verify.after-commit')
}
