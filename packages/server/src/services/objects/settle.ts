import type { MalwareVerdict, ValidationFinding } from '@holdfast/api'
import { systemActor } from '../../core/actor.ts'
import type { ObjectPolicy } from '../../core/object-classes.ts'
import { retainedFrom } from '../../core/retention.ts'
import { DatabaseConflict } from '../../db/database.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import { lockIfHeld } from '../holds/lock-objects.ts'
import { bucketUrlExpiry } from '../ingest/abort.ts'
import { purgeObjectJob } from '../ingest/job-kinds.ts'
import type { ObjectDamaged } from '../sealed/damage.ts'
import { webhookEvents } from '../webhooks/events.ts'
import type { ObjectContract, Placed } from './contract.ts'
import type { ObjectDeps } from './deps.ts'

export type Judgement = {
  readonly sha256: string
  readonly malware: MalwareVerdict
  readonly findings: readonly ValidationFinding[]
  /** Whether the findings reject it; else it passes, and they are noted. */
  readonly isRejected: boolean
}
type Scanned = { readonly file: FileRow; readonly upload: UploadView }
/** `placed`: where an object that passed was put by its contract; null where it stays where it was received. */
type Settling = At & { readonly judgement: Judgement; readonly contract: ObjectContract | null; readonly placed: Placed | null }
type At = { readonly at: number }

const told = (file: FileRow) => ({ tenantId: file.tenantId, actor: systemActor, requestId: null, fileId: file.id })
const about = ({ file }: Scanned, { sha256, malware }: Judgement) => ({ name: file.name, objectClass: file.objectClass, sha256, malware })

/** In a class that is replaced, what was current of this owner makes way (O9). Answers the ids. */
async function supersede(tx: Tx, { file }: Scanned, at: number): Promise<string[]> {
  const { tenantId, ownerType, ownerId, objectClass } = file
  if (ownerType === null || ownerId === null || objectClass === null) return []
  const former = await tx.objects.current({ tenantId, ownerType, ownerId, objectClass })
  for (const one of former) await tx.files.supersede(one, { by: file.id, ...retainedFrom('SUPERSEDED_30D', at) })
  return former.map(({ id }) => id)
}

async function settleReady(
  tx: Tx,
  scanned: Scanned,
  { judgement, policy, contract, placed, at }: Settling & { policy: ObjectPolicy },
): Promise<void> {
  const { file } = scanned
  const { sha256, malware, findings } = judgement
  // First, since of two that become READY at once one has to see the other.
  const supersededIds = policy.replaceable ? await supersede(tx, scanned, at) : []
  const proven = { sha256, hashState: 'computed', verifiedAt: at, readyAt: at, statusReason: null } as const
  const kept = { isCurrent: true, validation: [...findings], malware, ...retainedFrom(policy.retention, at), ...placed }
  if (!(await tx.files.become(file, 'READY', { ...proven, ...kept }))) throw new LeftScanning()
  await lockIfHeld(tx, file)
  await webhookEvents(tx, { type: 'upload.ready', file: { ...file, status: 'READY', sha256, isCurrent: true }, at })
  const noted = findings.length === 0 ? {} : { findings: findings.map(({ code, message }) => ({ code, message })) }
  const details = { ...about(scanned, judgement), supersededIds, ...noted }
  await tx.audit.append({ ...told(file), action: 'SCAN_PASSED', result: 'ok', details })
  await contract?.settled(tx, file, { judgement, placed, at })
}

async function settleRejected(tx: Tx, scanned: Scanned, { judgement, contract, at }: Settling): Promise<void> {
  const { file } = scanned
  const { sha256, malware, findings } = judgement
  const statusReason = findings.map(({ message }) => message).join(' ')
  const found = { sha256, hashState: 'computed', verifiedAt: at, validation: [...findings], malware, statusReason } as const
  if (!(await tx.files.become(file, 'REJECTED', { ...found, ...retainedFrom('FAILED_UPLOAD_7D', at) }))) throw new LeftScanning()
  await webhookEvents(tx, { type: 'upload.rejected', file: { ...file, status: 'REJECTED', sha256, validation: findings }, at })
  await tx.audit.append({
    ...told(file),
    action: 'SCAN_FAILED',
    result: 'failed',
    details: { ...about(scanned, judgement), reasons: findings.map(({ code, message }) => ({ code, message })) },
  })
  await contract?.settled(tx, file, { judgement, placed: null, at })
}

/** The object was settled or deleted meanwhile: nothing of the transaction counts. */
class LeftScanning extends Error {
  override readonly name = 'LeftScanning'
}

const ATTEMPTS = 5

/** Two objects of one owner that become READY at once: the index lets one through, the other goes after it. */
async function unlessOvertaken(settle: () => Promise<void>): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await settle()
      return true
    } catch (error) {
      if (error instanceof LeftScanning) return false
      const overtaken = error instanceof DatabaseConflict && error.constraint === 'files_sole_current'
      if (!overtaken || attempt === ATTEMPTS) throw error
    }
  }
}

/** READY or REJECTED, with what makes way for it and the audit entry, in one transaction. False where it was settled or deleted meanwhile. */
export async function settleScan(deps: ObjectDeps, scanned: Scanned, settling: Omit<Settling, 'at'>): Promise<boolean> {
  const { store, clock, points } = deps.ingest
  const { policy } = scanned.upload
  if (policy === null) throw new Error('The upload of an object has no policy')
  return unlessOvertaken(() =>
    store.transaction(async (tx) => {
      const at = clock.now()
      await tx.uploads.deleteParts(scanned.upload.id)
      if (settling.judgement.isRejected) await settleRejected(tx, scanned, { ...settling, at })
      else await settleReady(tx, scanned, { ...settling, policy, at })
      points.reach('object.scan.before-commit')
    }),
  )
}

/** What is stored is not what was sent: the file says why, its object goes, its bytes are free again. */
async function fail(tx: Tx, { file, upload }: Scanned, { reason, at }: At & { reason: string }): Promise<boolean> {
  const retained = retainedFrom('FAILED_UPLOAD_7D', at)
  if (!(await tx.files.become(file, 'FAILED', { statusReason: reason, ...retained }))) return false
  await webhookEvents(tx, { type: 'upload.failed', file: { ...file, status: 'FAILED' }, at })
  await tx.targets.free(file.targetId, file.objectSize)
  await tx.uploads.deleteParts(upload.id)
  await tx.jobs.enqueue(purgeObjectJob({ tenantId: file.tenantId, fileId: file.id, urlExpiresAt: bucketUrlExpiry(upload) }))
  return true
}

export async function settleMismatch(deps: ObjectDeps, scanned: Scanned, computedSha256: string): Promise<void> {
  const { store, clock } = deps.ingest
  const { file } = scanned
  const reason = 'The bytes that arrived are not those that the sender declared (SHA-256 differs). Upload the file again.'
  await store.transaction(async (tx) => {
    if (!(await fail(tx, scanned, { reason, at: clock.now() }))) return
    const details = { name: file.name, declaredSha256: file.declaredSha256, computedSha256 }
    await tx.audit.append({ ...told(file), action: 'SHA256_MISMATCH', result: 'failed', details })
  })
}

export async function settleDamaged(deps: ObjectDeps, scanned: Scanned, damage: ObjectDamaged): Promise<void> {
  const { store, clock } = deps.ingest
  const { file } = scanned
  const reason = `The stored object is not what was received: ${damage.message}. Upload the file again.`
  await store.transaction(async (tx) => {
    if (!(await fail(tx, scanned, { reason, at: clock.now() }))) return
    const details = { name: file.name, reason: damage.message, offset: damage.offset }
    await tx.audit.append({ ...told(file), action: 'FILE_DAMAGED', result: 'failed', details })
  })
}
