import { directScope } from '../../../core/object-keys.ts'
import type { Tx } from '../../../db/store.ts'
import type { SyncPlace } from '../../../db/sync-objects.ts'
import { storageWords } from '../../storage-words.ts'
import { compareScope } from './compare.ts'
import { type SyncDeps, SyncEnded, SyncFault, type SyncOptions, type SyncRun } from './deps.ts'
import { forgetFound, listScope } from './list-scope.ts'
import { checkBrake, removeGone } from './remove-gone.ts'
import { type RunningSync, type SyncReport, toDetails } from './report.ts'

type End = { readonly status: 'done' | 'stopped' | 'failed' | 'cancelled'; readonly error: string | null; readonly at: number }

/** Ends a Sync and writes its entry; a preview has changed nothing and needs none. False where it had ended. For one transaction. */
export async function endSync(tx: Tx, row: RunningSync, end: End & { by?: SyncReport['by'] }): Promise<boolean> {
  const { status, error, at } = end
  const report = row.report
  if (!(await tx.syncs.end(row.id, { status, error, report, at }))) return false
  if (row.mode === 'preview') return true
  const { tenantId, caseId, itemId } = row
  const result = status === 'done' || status === 'cancelled' ? ('ok' as const) : ('failed' as const)
  const details = toDetails(row, report, { outcome: status, error })
  await tx.audit.append({ ...(end.by ?? report.by), tenantId, caseId, itemId, result, action: 'DIRECT_SYNC', details })
  return true
}

async function placeOf(deps: SyncDeps, row: RunningSync): Promise<SyncPlace> {
  const { tenantId, caseId, itemId, targetId } = row
  const owner = await deps.store.read.cases.find(tenantId, caseId)
  if (!owner) throw new SyncFault('failed', 'The case was deleted meanwhile.')
  return { syncId: row.id, tenantId, caseId, itemId, targetId, prefix: directScope({ tenantId, caseNumber: owner.number, itemId }) }
}

async function reconcile(deps: SyncDeps, row: RunningSync, options: SyncOptions): Promise<void> {
  const place = await placeOf(deps, row)
  await using lease = await deps.targets.lease(row.tenantId, row.targetId)
  const run: SyncRun = { deps, row, place, target: lease.target, options, report: row.report }
  if (run.report.phase === 'listing') {
    await listScope(run)
    await checkBrake(run)
  }
  if (run.report.phase !== 'removing') await compareScope(run)
  await removeGone(run)
  const { brake } = run.report
  const end = { status: brake === null ? ('done' as const) : ('stopped' as const), error: brake, at: deps.clock.now() }
  await deps.store.transaction(async (tx) => {
    await endSync(tx, { ...row, report: run.report }, end)
    deps.points.reach('sync.before-end')
  })
}

/** What went wrong in words for whoever started it; null where another attempt may help. */
function faultOf(error: unknown): SyncFault | null {
  if (error instanceof SyncFault) return error
  const words = storageWords(error)
  return words === null
    ? null
    : new SyncFault('failed', `The storage could not be read to the end: ${words} No file was removed for want of it.`)
}

async function fail(deps: SyncDeps, place: { tenantId: string; syncId: string }, fault: SyncFault): Promise<void> {
  await deps.store.transaction(async (tx) => {
    const row = (await tx.syncs.find(place.tenantId, place.syncId)) as RunningSync | null
    if (row) await endSync(tx, row, { status: fault.status, error: fault.message, at: deps.clock.now() })
  })
}

/**
 * Reconciles one scope with its storage (D13), as its row says. Repeatable at any point: a listing that broke off begins anew, and what
 * was compared, added or removed is not done again. A fault of the storage ends it as failed; only what lies with this server, such as
 * its database, rejects and is tried again.
 */
export async function runSync(deps: SyncDeps, place: { tenantId: string; syncId: string }, options: SyncOptions): Promise<void> {
  const row = (await deps.store.read.syncs.find(place.tenantId, place.syncId)) as RunningSync | null
  if (!row) return
  try {
    if (row.status === 'running') await reconcile(deps, row, options)
  } catch (error) {
    options.signal.throwIfAborted()
    if (error instanceof SyncEnded) return
    const fault = faultOf(error)
    if (!fault) throw error
    await fail(deps, place, fault)
  }
  await forgetFound(deps, row.id)
  deps.points.reach('sync.after-end')
}
