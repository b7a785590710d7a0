import type { Clock } from '../../core/clock.ts'
import type { Store } from '../../db/store.ts'
import type { TargetRow } from '../../db/targets.ts'
import type { DigestPool } from '../ingest/digest-pool.ts'
import { pages } from '../pages.ts'
import type { SealedReaderDeps } from '../sealed/sealed-object.ts'
import type { TargetAccess } from '../target-access.ts'
import { checkAsset } from './check-evidence.ts'
import { checkFile } from './check-files.ts'
import { checkHolds } from './check-holds.ts'
import { checkCurrent } from './check-objects.ts'
import { checkStrays, checkTarget, checkUsage } from './check-targets.ts'
import { checkUpload } from './check-uploads.ts'
import { checkWebhooks } from './check-webhooks.ts'
import { type CheckNotes, type CheckReport, createCheckNotes } from './report.ts'

export type { CheckFinding, CheckInvariant, CheckReport } from './report.ts'
export { checkInvariants, describeCheck } from './report.ts'

export type CheckDeps = SealedReaderDeps & {
  readonly store: Store
  readonly clock: Clock
  readonly targets: TargetAccess
  readonly digests: DigestPool
  /** Recomputes the audit log. */
  readonly verifyAudit: (signal: AbortSignal) => Promise<{ ok: boolean; entries: number; firstBad: { reason: string } | null }>
}

export type CheckOptions = {
  /** Opens and hashes every object, instead of looking up its size. */
  readonly full: boolean
  readonly signal: AbortSignal
  readonly progress?: (done: { files: number }) => void
}

const PAGE = 200

/**
 * Proves every invariant of the store, of all tenants, in constant memory: rows against objects, objects against rows, sums, jobs and the
 * audit log. It changes nothing, and may run beside a server: what is just changing is read again before it counts as a finding.
 */
export async function checkStore(deps: CheckDeps, options: CheckOptions): Promise<CheckReport> {
  const notes = createCheckNotes()
  const { store } = deps
  for await (const file of pages((after) => store.read.files.pageOfAll(after, PAGE))) {
    options.signal.throwIfAborted()
    await checkFile(deps, file, { ...options, notes })
    await checkUpload(deps, file, notes)
    await checkCurrent(deps, file, notes)
    await checkAsset(deps, file, notes)
    options.progress?.({ files: notes.counts.files })
  }
  const rows: TargetRow[] = []
  for await (const row of pages((after) => store.read.targets.pageOfAll(after, PAGE))) {
    rows.push(row)
    if (row.removedAt === null) await checkTarget(deps, row, { ...options, notes })
  }
  await checkStrays(deps, rows, { ...options, notes })
  await checkHolds(deps, notes)
  await checkWebhooks(deps, notes)
  await checkUsage(deps, rows, notes)
  await checkAudit(deps, notes, options.signal)
  return notes.report(options.full)
}

async function checkAudit(deps: CheckDeps, notes: CheckNotes, signal: AbortSignal): Promise<void> {
  const verdict = await deps.verifyAudit(signal)
  notes.counts.auditEntries = verdict.entries
  if (!verdict.ok) notes.find('audit-log', 'log', verdict.firstBad?.reason ?? 'it does not verify')
}
