import { type MalwareVerdict, Problem, type ValidationFinding } from '@holdfast/api'
import { toIsoOrNull } from '../../core/clock.ts'
import type { ObjectPolicy } from '../../core/object-classes.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { MalwareScanner } from '../../validate/malware.ts'
import type { ByteSource, Validator } from '../../validate/validator.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import { targetRemoved } from '../target-view.ts'
import type { ObjectContract, Placed } from './contract.ts'
import type { ObjectDeps } from './deps.ts'
import { digestBytes, openObjectBytes, requireSame } from './read-object.ts'
import { type Judgement, settleDamaged, settleMismatch, settleScan } from './settle.ts'

export type ScanDeps = ObjectDeps & {
  readonly validator: Validator
  readonly scanner: MalwareScanner
  readonly contracts: Readonly<Record<NonNullable<ObjectPolicy['contract']>, ObjectContract>>
}
export type ScanOptions = {
  readonly signal: AbortSignal
  readonly progress: (done: { bytes: number; size: number }) => Promise<void>
  /** From 1. */
  readonly attempt: number
}

/** With backoff a few minutes: long enough for a scanner to be restarted. Then the verdict says that nobody has scanned. */
const ATTEMPTS_AT_SCANNER = 6

async function scanForMalware(deps: ScanDeps, source: ByteSource, options: ScanOptions): Promise<MalwareVerdict> {
  const found = await deps.scanner.scan(source, { signal: options.signal })
  if (found.reason === 'engine-away' && options.attempt < ATTEMPTS_AT_SCANNER) {
    throw new Problem('TARGET_UNAVAILABLE', 'The malware scanner does not answer.')
  }
  return { ...found, signaturesAt: toIsoOrNull(found.signaturesAt) }
}

type Found = { readonly reasons: readonly ValidationFinding[]; readonly malware: MalwareVerdict }

/** What was found against an object, and whether its policy rejects it for that. */
function weigh({ policy }: UploadView, { reasons, malware }: Found): Pick<Judgement, 'findings' | 'isRejected'> {
  const findings = reasons.map(({ code, message, at }) => ({ code, message, at }))
  const isRejected = findings.length > 0 && policy?.validation !== 'note'
  if (malware.verdict !== 'infected' || policy?.malware === 'keep') return { findings, isRejected }
  const message = `The malware scanner found ${malware.signature ?? 'malware'} in it. Send a clean file.`
  return { findings: [...findings, { code: 'malware', message, at: null }], isRejected: true }
}

/** Reads all bytes and judges them; for an object in a bucket, it is still the same one afterwards. */
async function judge(deps: ScanDeps, { file, upload }: { file: FileRow; upload: UploadView }, options: ScanOptions): Promise<Judgement> {
  const { signal } = options
  await using lease = await deps.ingest.targets.lease(file.tenantId, file.targetId)
  const { target } = lease
  using source = await openObjectBytes(deps.reader, file, { target, signal })
  const { sha256 } = await digestBytes(source, options)
  const { reasons } = await deps.validator.validate({ source, declaredType: file.contentType, fileName: file.name, signal })
  const malware = await scanForMalware(deps, source, options)
  if (file.container === null) await requireSame(file, { target, signal })
  return { sha256, malware, ...weigh(upload, { reasons, malware }) }
}

type Scanning = { readonly file: FileRow; readonly upload: UploadView; readonly contract: ObjectContract | null }

async function place(deps: ScanDeps, { file, contract }: Scanning, given: { sha256: string; signal: AbortSignal }): Promise<Placed | null> {
  if (contract === null) return null
  await using lease = await deps.ingest.targets.lease(file.tenantId, file.targetId)
  return await contract.place(file, { target: lease.target, ...given })
}

async function settle(deps: ScanDeps, scanning: Scanning, given: { judgement: Judgement; signal: AbortSignal }): Promise<void> {
  const { file, contract } = scanning
  const { judgement, signal } = given
  const { declaredSha256 } = file
  if (declaredSha256 !== null && declaredSha256 !== judgement.sha256) return settleMismatch(deps, scanning, judgement.sha256)
  const placed = judgement.isRejected ? null : await place(deps, scanning, { sha256: judgement.sha256, signal })
  const isSettled = await settleScan(deps, scanning, { judgement, contract, placed })
  if (!isSettled || placed === null) await contract?.unplace({ tenantId: file.tenantId, fileId: file.id })
}

/**
 * Reads a received object, computes its SHA-256, validates it and has it scanned for malware; then it is READY or REJECTED, or FAILED where
 * the bytes are not those that were sent. Repeatable: an object that is settled already is left alone. Rejects where the target or the
 * scanner is away.
 */
export async function scanObject(deps: ScanDeps, at: { tenantId: string; fileId: string }, options: ScanOptions): Promise<void> {
  const { store } = deps.ingest
  const file = await store.read.files.find(at.tenantId, at.fileId)
  const upload = await store.read.uploads.findOfFile(at.tenantId, at.fileId)
  const contract = upload?.policy?.contract === undefined ? null : deps.contracts[upload.policy.contract]
  // Of an attempt that was interrupted after it placed the object, or that came too late.
  if (file?.status !== 'SCANNING') return contract?.unplace(at)
  if (file.tier !== 'object' || !upload) return
  if (file.targetRemovedAt !== null) throw targetRemoved(file.targetName)
  try {
    const judgement = await judge(deps, { file, upload }, options)
    await settle(deps, { file, upload, contract }, { judgement, signal: options.signal })
  } catch (error) {
    if (!(error instanceof ObjectDamaged) || error.missing) throw error
    await settleDamaged(deps, { file, upload }, error)
  }
  deps.ingest.points.reach('object.scan.after-commit')
}
