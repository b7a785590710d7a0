import type { Clock } from '../../core/clock.ts'
import type { CrashPoints } from '../../core/crash-point.ts'
import type { Store, Tx } from '../../db/store.ts'
import type { StorageTarget } from '../../storage/target.ts'
import type { TargetAccess } from '../target-access.ts'
import type { ReconcileReport, RunningReconciliation } from './report.ts'

export type ReconcileDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly targets: TargetAccess
  readonly points: CrashPoints
}

export type ReconcileOptions = {
  readonly signal: AbortSignal
  readonly progress: (done: { objects: number; files: number; removed: number }) => Promise<void>
}

/** A reconciliation at work. `report` is what is committed; each step replaces it. */
export type ReconcileRun = {
  readonly deps: ReconcileDeps
  readonly row: RunningReconciliation
  readonly target: StorageTarget
  readonly options: ReconcileOptions
  report: ReconcileReport
}

/** The reconciliation was ended by somebody else: nothing more is done in its name. */
export class ReconciliationEnded extends Error {
  override readonly name = 'ReconciliationEnded'
}

/**
 * Does one step and keeps the report that `work` made of the last one, both or neither. Throws `ReconciliationEnded` where it has ended
 * meanwhile; nothing of the step is then done.
 */
export async function step(run: ReconcileRun, work: (tx: Tx, report: ReconcileReport) => Promise<ReconcileReport>): Promise<void> {
  const { deps, row, options } = run
  options.signal.throwIfAborted()
  run.report = await deps.store.transaction(async (tx) => {
    const report = await work(tx, structuredClone(run.report))
    if (!(await tx.reconciliations.keep(row.id, report))) throw new ReconciliationEnded('The reconciliation has ended')
    deps.points.reach('reconcile.before-commit')
    return report
  })
  deps.points.reach('reconcile.after-commit')
  await options.progress({ objects: run.report.objects, files: run.report.files, removed: run.report.removed.count })
}
