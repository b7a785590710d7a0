import type { Tx } from '../../db/store.ts'
import { storageWords } from '../storage-words.ts'
import { type ReconcileDeps, type ReconcileOptions, type ReconcileRun, ReconciliationEnded } from './deps.ts'
import { listObjects } from './list-objects.ts'
import { lookAtFiles } from './look-at-files.ts'
import { removeFound } from './remove-found.ts'
import { type RunningReconciliation, type ToldBy, toDetails } from './report.ts'

type End = { readonly outcome: 'done' | 'failed' | 'cancelled'; readonly error: string | null; readonly at: number; readonly by?: ToldBy }

/** Ends what runs, the report or the removal, and writes its entry. False where it had ended. For one transaction. */
export async function endReconciliation(tx: Tx, row: RunningReconciliation, { outcome, error, at, by }: End): Promise<boolean> {
  const { report, status } = row
  if (status !== 'reporting' && status !== 'applying') return false
  const done = status === 'reporting' ? ('reported' as const) : ('applied' as const)
  const to = outcome === 'done' ? done : outcome
  const times = to === 'reported' ? { reportedAt: at } : { finishedAt: at }
  if (!(await tx.reconciliations.become(row.id, { from: [status], to, report, error, ...times }))) return false
  const told = { ...(by ?? report.by), tenantId: row.tenantId, result: outcome === 'failed' ? ('failed' as const) : ('ok' as const) }
  const { reported, cleaned } = toDetails(row, outcome)
  await tx.audit.append(
    status === 'reporting'
      ? { ...told, action: 'STORAGE_RECONCILED', details: { ...reported, error } }
      : { ...told, action: 'STORAGE_CLEANED', details: { ...cleaned, error } },
  )
  return true
}

async function reconcile(deps: ReconcileDeps, row: RunningReconciliation, options: ReconcileOptions): Promise<void> {
  await using lease = await deps.targets.lease(row.tenantId, row.targetId)
  const run: ReconcileRun = { deps, row, target: lease.target, options, report: row.report }
  if (row.status === 'applying') await removeFound(run)
  else {
    if (run.report.phase === 'listing') await listObjects(run)
    await lookAtFiles(run)
  }
  await deps.store.transaction(async (tx) => {
    await endReconciliation(tx, { ...row, report: run.report }, { outcome: 'done', error: null, at: deps.clock.now() })
    deps.points.reach('reconcile.before-end')
  })
}

async function fail(deps: ReconcileDeps, place: { tenantId: string; reconciliationId: string }, error: string): Promise<void> {
  await deps.store.transaction(async (tx) => {
    const row = (await tx.reconciliations.find(place.tenantId, place.reconciliationId)) as RunningReconciliation | null
    if (row) await endReconciliation(tx, row, { outcome: 'failed', error, at: deps.clock.now() })
  })
}

/**
 * Compares what apps have stored at a target with the records of it, both ways, or removes what such a comparison found, as the row says.
 * Repeatable at any point: a listing that broke off begins anew, and what was looked at or removed is not counted twice. A fault of the
 * storage ends it as failed; only what lies with this server, such as its database, rejects and is tried again.
 */
export async function runReconciliation(
  deps: ReconcileDeps,
  place: { tenantId: string; reconciliationId: string },
  options: ReconcileOptions,
): Promise<void> {
  const row = (await deps.store.read.reconciliations.find(place.tenantId, place.reconciliationId)) as RunningReconciliation | null
  if (row?.status !== 'reporting' && row?.status !== 'applying') return
  try {
    await reconcile(deps, row, options)
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof ReconciliationEnded) return
    const words = storageWords(error)
    if (words === null) throw error
    await fail(deps, place, `The storage did not answer to the end: ${words} Start it again.`)
  }
  deps.points.reach('reconcile.after-end')
}
