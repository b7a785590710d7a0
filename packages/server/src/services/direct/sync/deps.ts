import type { Clock } from '../../../core/clock.ts'
import type { CrashPoints } from '../../../core/crash-point.ts'
import type { Store, Tx } from '../../../db/store.ts'
import type { SyncPlace } from '../../../db/sync-objects.ts'
import type { StorageTarget } from '../../../storage/target.ts'
import type { TargetAccess } from '../../target-access.ts'
import type { RunningSync, SyncReport } from './report.ts'

export type SyncDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly targets: TargetAccess
  readonly points: CrashPoints
}

export type SyncOptions = { readonly signal: AbortSignal; readonly progress: (done: { listed: number }) => Promise<void> }

/** A Sync at work. `report` is what is committed; each step replaces it. */
export type SyncRun = {
  readonly deps: SyncDeps
  readonly row: RunningSync
  readonly place: SyncPlace
  readonly target: StorageTarget
  readonly options: SyncOptions
  report: SyncReport
}

/** The Sync was ended by somebody else: nothing more is done in its name. */
export class SyncEnded extends Error {
  override readonly name = 'SyncEnded'
}

/** The Sync cannot go on. The message says why and what to do. */
export class SyncFault extends Error {
  override readonly name = 'SyncFault'
  readonly status: 'stopped' | 'failed'
  constructor(status: 'stopped' | 'failed', message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Does one step and keeps the report that `work` made of the last one, both or neither. Throws `SyncEnded` where the Sync has ended
 * meanwhile, and `SyncFault` where its case or item is gone; nothing of the step is then done.
 */
export async function step(run: SyncRun, work: (tx: Tx, report: SyncReport) => Promise<SyncReport>): Promise<void> {
  const { deps, row, place } = run
  run.report = await deps.store.transaction(async (tx) => {
    if (!(await tx.cases.find(place.tenantId, place.caseId))) throw new SyncFault('failed', 'The case was deleted meanwhile.')
    if (place.itemId !== null && !(await tx.items.find(place.tenantId, place.itemId))) {
      throw new SyncFault('failed', 'The item was deleted meanwhile.')
    }
    const report = await work(tx, run.report)
    if (!(await tx.syncs.keep(row.id, report))) throw new SyncEnded('The Sync has ended')
    deps.points.reach('sync.before-commit')
    return report
  })
  deps.points.reach('sync.after-commit')
}
