import type { FileStatus } from '@holdfast/api'
import { systemActor } from '../core/actor.ts'
import type { Clock } from '../core/clock.ts'
import type { CrashPoints } from '../core/crash-point.ts'
import { planOfUpload } from '../core/upload-plan.ts'
import type { FileRow } from '../db/file-rows.ts'
import type { Store, Tx } from '../db/store.ts'
import { verifyDirectUpload } from './direct/verify-upload.ts'
import { lockIfHeld } from './holds/lock-objects.ts'
import type { DigestPool } from './ingest/digest-pool.ts'
import { purgeObjectJob } from './ingest/job-kinds.ts'
import { createSealsDigest } from './ingest/part-sealer.ts'
import { beginSync, giveUpSync } from './moves/staging.ts'
import { digestBytes, openObjectBytes } from './objects/read-object.ts'
import { ObjectDamaged } from './sealed/damage.ts'
import { flagDamaged } from './sealed/flag-damaged.ts'
import { readWindows } from './sealed/read-windows.ts'
import { openSealedObject, type SealedObject, type SealedReaderDeps } from './sealed/sealed-object.ts'
import { WINDOW_SEGMENTS } from './sealed/segment-memory.ts'
import type { TargetAccess } from './target-access.ts'
import { targetRemoved } from './target-view.ts'
import { webhookEvents } from './webhooks/events.ts'

export type VerifyDeps = SealedReaderDeps & {
  readonly store: Store
  readonly clock: Clock
  readonly targets: TargetAccess
  readonly digests: DigestPool
  readonly points: CrashPoints
  /** Fresh direct uploads to a bucket are read back up to this size; 0: never. */
  readonly directVerifyMaxBytes: number
}

export type VerifyOptions = { readonly signal: AbortSignal; readonly progress: (done: { bytes: number; size: number }) => Promise<void> }

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The seals that the receipts name, as the object is read: a part that another attempt has overwritten is found even where it opens. */
type SealCheck = (index: number, stored: Uint8Array) => void

async function sealCheckOf(store: Store, file: FileRow, segmentCount: number): Promise<SealCheck> {
  const upload = file.status === 'SCANNING' ? await store.read.uploads.findOfFile(file.tenantId, file.id) : null
  if (!upload || upload.partCount === 0) return () => {}
  const { segmentsPerPart } = planOfUpload(upload)
  const wanted = new Map((await store.read.uploads.parts(upload.id)).map((part) => [part.number, part.seals]))
  let seals = createSealsDigest()
  return (index, stored) => {
    seals.add(stored)
    if ((index + 1) % segmentsPerPart !== 0 && index + 1 !== segmentCount) return
    const number = Math.floor(index / segmentsPerPart) + 1
    const found = seals.hex()
    seals = createSealsDigest()
    if (wanted.get(number) !== found) throw new ObjectDamaged(`Part ${number} is not the one that was acknowledged`)
  }
}

/** Reads the whole object, opens every segment and answers SHA-256 of the plaintext. Rejects with `ObjectDamaged`. */
export async function digestSealed(
  deps: Pick<VerifyDeps, 'digests' | 'memory'>,
  sealed: SealedObject,
  options: VerifyOptions & { check?: SealCheck },
): Promise<string> {
  const { geometry } = sealed
  const { memory } = deps
  const { signal, check, progress } = options
  const windows = readWindows(sealed, { first: 0, last: geometry.segmentCount - 1 }, { memory, signal })
  const digest = deps.digests.open({ reuse: (buffer) => memory.release(buffer) })
  try {
    for (let first = 0; first < geometry.segmentCount; first += WINDOW_SEGMENTS) {
      const out = memory.take()
      let filled = 0
      for (let index = first; index < Math.min(first + WINDOW_SEGMENTS, geometry.segmentCount); index += 1) {
        signal.throwIfAborted()
        const { stored } = await windows.segment(index)
        check?.(index, stored)
        filled += sealed.openSegment(index, stored, out.subarray(filled)).length
      }
      digest.push(out.subarray(0, filled))
      if (digest.full) await digest.drained()
      const bytes = Math.min((first + WINDOW_SEGMENTS) * geometry.segmentPlain, geometry.plaintextSize)
      await progress({ bytes, size: geometry.plaintextSize })
    }
    return hex(await digest.finish())
  } finally {
    digest.drop()
    await windows.stop()
  }
}

async function readBack(deps: VerifyDeps, file: FileRow, options: VerifyOptions): Promise<string> {
  await using lease = await deps.targets.lease(file.tenantId, file.targetId)
  const { signal } = options
  if (file.container === null) {
    using source = await openObjectBytes(deps, file, { target: lease.target, signal })
    return (await digestBytes(source, options)).sha256
  }
  const sealed = await openSealedObject(deps, file, { target: lease.target, signal, fresh: true })
  return await digestSealed(deps, sealed, { ...options, check: await sealCheckOf(deps.store, file, sealed.geometry.segmentCount) })
}

const told = (file: FileRow) => ({
  tenantId: file.tenantId,
  actor: systemActor,
  requestId: null,
  caseId: file.caseId,
  itemId: file.itemId,
  fileId: file.id,
})

/** A fresh upload that is not what was sent: the file says why, its object goes, its bytes are free again. */
async function fail(tx: Tx, file: FileRow, end: { reason: string; at: number }): Promise<boolean> {
  if (!(await tx.files.become(file, 'FAILED', { statusReason: end.reason }))) return false
  await tx.targets.free(file.targetId, file.objectSize)
  await giveUpSync(tx, file)
  await tx.jobs.enqueue(purgeObjectJob({ tenantId: file.tenantId, fileId: file.id }))
  await webhookEvents(tx, { type: 'upload.failed', file: { ...file, status: 'FAILED' }, at: end.at })
  return true
}

async function settleDamaged(deps: VerifyDeps, file: FileRow, damage: ObjectDamaged): Promise<void> {
  if (file.status !== 'SCANNING') return flagDamaged(deps.store, file, { damage, actor: systemActor, requestId: null })
  await deps.store.transaction(async (tx) => {
    const reason = `The stored object is damaged: ${damage.message}. Upload the file again.`
    if (!(await fail(tx, file, { reason, at: deps.clock.now() }))) return
    const details = { name: file.name, reason: damage.message, offset: damage.offset }
    await tx.audit.append({ ...told(file), action: 'FILE_DAMAGED', result: 'failed', details })
    deps.points.reach('verify.before-commit')
  })
}

async function settleFresh(tx: Tx, file: FileRow, found: { sha256: string; at: number }): Promise<void> {
  const { sha256, at } = found
  const { declaredSha256 } = file
  if (declaredSha256 !== null && declaredSha256 !== sha256) {
    const reason = 'The bytes that arrived are not those that the sender declared (SHA-256 differs). Upload the file again.'
    if (!(await fail(tx, file, { reason, at }))) return
    const details = { name: file.name, declaredSha256, computedSha256: sha256 }
    await tx.audit.append({ ...told(file), action: 'SHA256_MISMATCH', result: 'failed', details })
    return
  }
  if (!(await tx.files.become(file, 'READY', { sha256, hashState: 'computed', verifiedAt: at, readyAt: at, statusReason: null }))) return
  await beginSync(tx, file)
  await lockIfHeld(tx, file)
  await webhookEvents(tx, { type: 'upload.ready', file: { ...file, status: 'READY', sha256 }, at })
  const upload = await tx.uploads.findOfFile(file.tenantId, file.id)
  if (upload) await tx.uploads.deleteParts(upload.id)
  const details = { name: file.name, sha256, size: file.size, declaredSha256 }
  await tx.audit.append({ ...told(file), action: 'SHA256_COMPUTED', result: 'ok', details })
}

async function settleAgain(tx: Tx, file: FileRow, found: { sha256: string; at: number }): Promise<void> {
  const { sha256, at } = found
  if (file.status === 'DAMAGED') await tx.files.become(file, 'READY', { statusReason: null })
  await tx.files.markVerified(file, at)
  const details = { name: file.name, sha256, size: file.size, declaredSha256: file.declaredSha256 }
  await tx.audit.append({ ...told(file), action: 'SHA256_COMPUTED', result: 'ok', details })
}

async function settleRead(deps: VerifyDeps, file: FileRow, sha256: string): Promise<void> {
  const found = { sha256, at: deps.clock.now() }
  if (file.sha256 !== null && file.sha256 !== sha256) throw new ObjectDamaged('The object opens, but its SHA-256 is not the recorded one')
  await deps.store.transaction(async (tx) => {
    if (file.status === 'SCANNING') await settleFresh(tx, file, found)
    else await settleAgain(tx, file, found)
    deps.points.reach('verify.before-commit')
  })
}

/**
 * Reads a file's object back and settles its status: a SCANNING file becomes READY or FAILED; a READY one is confirmed or becomes DAMAGED;
 * a DAMAGED one becomes READY again where every segment opens and the digest is the recorded one. Files in other states are left alone.
 * Repeatable; with `fresh` a file that is settled already is left alone. Rejects, and leaves a SCANNING file as it is, where the target is away or the object is not (yet) to be found there.
 */
export async function verifyFile(
  deps: VerifyDeps,
  place: { tenantId: string; fileId: string; fresh: boolean },
  options: VerifyOptions,
): Promise<void> {
  const file = await deps.store.read.files.find(place.tenantId, place.fileId)
  const wanted: readonly FileStatus[] = place.fresh ? ['SCANNING'] : ['SCANNING', 'READY', 'DAMAGED']
  if (!file || !wanted.includes(file.status)) return
  if (file.targetRemovedAt !== null) throw targetRemoved(file.targetName)
  if (file.tier === 'direct') {
    if (file.status === 'SCANNING') await verifyDirectUpload(deps, file, options)
    return
  }
  try {
    await settleRead(deps, file, await readBack(deps, file, options))
  } catch (error) {
    if (!(error instanceof ObjectDamaged) || (error.missing && file.status === 'SCANNING')) throw error
    await settleDamaged(deps, file, error)
  }
  deps.points.reach('verify.after-commit')
}
