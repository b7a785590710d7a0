import { type MalwareVerdict, Problem, type ValidationFinding } from '@holdfast/api'
import { toIsoOrNull } from '../../core/clock.ts'
import type { FileRow } from '../../db/files.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { MalwareScanner } from '../../validate/malware.ts'
import type { ByteSource, Validator } from '../../validate/validator.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import { targetRemoved } from '../target-view.ts'
import type { ObjectDeps } from './deps.ts'
import { digestBytes, openObjectBytes, requireSame } from './read-object.ts'
import { type Judgement, settleDamaged, settleMismatch, settleScan } from './settle.ts'

export type ScanDeps = ObjectDeps & { readonly validator: Validator; readonly scanner: MalwareScanner }
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

function findingsOf(upload: UploadView, judged: { reasons: readonly ValidationFinding[]; malware: MalwareVerdict }): ValidationFinding[] {
  const reasons = judged.reasons.map(({ code, message, at }) => ({ code, message, at }))
  if (judged.malware.verdict !== 'infected' || upload.policy?.malware === 'keep') return reasons
  const message = `The malware scanner found ${judged.malware.signature ?? 'malware'} in it. Send a clean file.`
  return [...reasons, { code: 'malware', message, at: null }]
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
  return { sha256, malware, findings: findingsOf(upload, { reasons, malware }) }
}

/**
 * Reads a received object, computes its SHA-256, validates it and has it scanned for malware; then it is READY or REJECTED, or FAILED where
 * the bytes are not those that were sent. Repeatable: an object that is settled already is left alone. Rejects where the target or the
 * scanner is away.
 */
export async function scanObject(deps: ScanDeps, place: { tenantId: string; fileId: string }, options: ScanOptions): Promise<void> {
  const { store } = deps.ingest
  const file = await store.read.files.find(place.tenantId, place.fileId)
  const upload = await store.read.uploads.findOfFile(place.tenantId, place.fileId)
  if (file?.tier !== 'object' || file.status !== 'SCANNING' || !upload) return
  if (file.targetRemovedAt !== null) throw targetRemoved(file.targetName)
  try {
    const judgement = await judge(deps, { file, upload }, options)
    const { declaredSha256 } = file
    if (declaredSha256 !== null && declaredSha256 !== judgement.sha256) await settleMismatch(deps, { file, upload }, judgement.sha256)
    else await settleScan(deps, { file, upload }, judgement)
  } catch (error) {
    if (!(error instanceof ObjectDamaged) || error.missing) throw error
    await settleDamaged(deps, { file, upload }, error)
  }
  deps.ingest.points.reach('object.scan.after-commit')
}
