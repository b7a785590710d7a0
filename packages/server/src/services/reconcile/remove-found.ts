import { findOwnKey } from '../../core/own-keys.ts'
import type { Finding } from '../../db/reconciliations.ts'
import type { Tx } from '../../db/store.ts'
import { StorageError } from '../../storage/target.ts'
import { deleteUnlocked } from '../holds/lock-objects.ts'
import { isUnderHold } from '../holds/require-no-hold.ts'
import { someAtOnce } from '../some-at-once.ts'
import { type ReconcileRun, step } from './deps.ts'
import { judgeObject } from './judge-object.ts'
import { count, type ReconcileReport } from './report.ts'

/** Objects whose removal is decided with one commit. */
const AT_ONCE = 50

type Decided = { readonly finding: Finding; readonly kept: string | null }

/** Null where the object is still what the report says of it, and may go; else why it stays. */
async function keptSince(run: ReconcileRun, finding: Finding): Promise<string | null> {
  const judgement = await judgeObject(run, finding.key)
  if (!judgement) return 'It is not there any more, or a file has it by now.'
  const { kind, reason, stat } = judgement
  if (kind !== finding.kind) return reason
  const isSame = stat.size === finding.size && Math.floor(stat.modifiedAt) === finding.modifiedAt
  return isSame ? null : 'It was changed since the report.'
}

/** For the transaction that decides: of a hold and a removal at the same time exactly one happens. */
async function isHeld(tx: Tx, run: ReconcileRun, { key }: Finding): Promise<boolean> {
  const own = findOwnKey(run.row.tenantId, key)
  if (!own) return true
  const file = await tx.files.findAny(run.row.tenantId, own.id)
  return isUnderHold(tx, file ?? { ...own, tenantId: run.row.tenantId, caseId: null })
}

async function decide(tx: Tx, run: ReconcileRun, given: Decided & { report: ReconcileReport }): Promise<boolean> {
  const { finding, report } = given
  const kept = given.kept ?? ((await isHeld(tx, run, finding)) ? 'A legal hold covers its file or its owner.' : null)
  await tx.reconciliations.settle(finding.id, { outcome: kept === null ? 'removed' : 'kept', reason: kept })
  count(kept === null ? report.removed : report.kept, finding.size)
  if (kept !== null) return false
  const { id: reconciliationId, tenantId, targetId } = run.row
  const details = { reconciliationId, targetId, key: finding.key, size: finding.size, kind: finding.kind }
  const told = { ...report.by, tenantId, fileId: finding.fileId, result: 'ok' as const }
  await tx.audit.append({ ...told, action: 'LEFTOVER_REMOVED', details })
  return true
}

/** What could not be removed after all is kept, and the log says so; a target that is away ends the run. */
async function refused(run: ReconcileRun, finding: Finding, reason: string): Promise<void> {
  await step(run, async (tx, report) => {
    await tx.reconciliations.settle(finding.id, { outcome: 'kept', reason })
    report.removed = { count: report.removed.count - 1, bytes: report.removed.bytes - finding.size }
    count(report.kept, finding.size)
    const { tenantId, targetId } = run.row
    const details = { targetId, key: finding.key, reason }
    const told = { ...report.by, tenantId, fileId: finding.fileId, result: 'failed' as const }
    await tx.audit.append({ ...told, action: 'ATTACHMENT_BACKEND_CLEANUP_FAILED', details })
    return report
  })
}

/** No signal: what was decided is done, as far as this process lives. */
async function remove(run: ReconcileRun, finding: Finding): Promise<string | null> {
  try {
    // A lock on what no row names may be another's: only where a row decided is one lifted.
    if (finding.kind === 'leftover') await deleteUnlocked(run.target, finding.key)
    else await run.target.delete(finding.key)
    return null
  } catch (error) {
    if (!(error instanceof StorageError) || error.fault !== 'denied') throw error
    return error.message
  }
}

async function decidePage(run: ReconcileRun, page: readonly Finding[], after: string): Promise<Finding[]> {
  const open = page.filter((finding) => finding.outcome === null)
  const decided = await someAtOnce(open, async (finding) => ({ finding, kept: await keptSince(run, finding) }))
  const going = new Set(page.filter((finding) => finding.outcome === 'removed'))
  if (open.length === 0) return [...going]
  const added: Finding[] = []
  await step(run, async (tx, report) => {
    added.length = 0
    for (const one of decided) if (await decide(tx, run, { ...one, report })) added.push(one.finding)
    return { ...report, phase: 'removing', after }
  })
  return [...going, ...added]
}

/**
 * Removes the objects that the report found to be surely ours and of no file. Each is judged once more, and what the report does not hold
 * true of any more stays. The decision is committed with its entry before an object goes; killed in between, the next attempt does it.
 */
export async function removeFound(run: ReconcileRun): Promise<void> {
  const { deps, row } = run
  const kinds = run.report.includeUnrecorded ? (['leftover', 'unrecorded'] as const) : (['leftover'] as const)
  for (let after = run.report.phase === 'removing' ? run.report.after : ''; ; ) {
    const page = await deps.store.read.reconciliations.findings({ reconciliationId: row.id, kinds }, { after, limit: AT_ONCE })
    const last = page.at(-1)
    if (!last) return
    const going = await decidePage(run, page, after)
    const refusals = await someAtOnce(going, async (finding) => ({ finding, reason: await remove(run, finding) }))
    deps.points.reach('reconcile.after-delete')
    for (const { finding, reason } of refusals) if (reason !== null) await refused(run, finding, reason)
    after = last.id
    await step(run, async (_tx, report) => ({ ...report, phase: 'removing', after }))
  }
}
