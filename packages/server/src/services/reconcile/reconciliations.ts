import {
  type PageOf,
  Problem,
  type Reconciliation,
  type ReconciliationApply,
  type ReconciliationFinding,
  type ReconciliationFindingQuery,
} from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import type { Clock } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import type { JobRow } from '../../db/job-queue.ts'
import type { Store, Tables, Tx } from '../../db/store.ts'
import { existing } from '../caller.ts'
import { cutPage, fromCursor, type PageRequest, rowsFor, toPage } from '../pages.ts'
import { getTarget } from '../targets.ts'
import type { ReconcileDeps } from './deps.ts'
import { type ReconcilePhase, reconcileJob, reconcileKey } from './job-kinds.ts'
import { forgetFindings } from './list-objects.ts'
import { newReport, type RunningReconciliation, toFindingAnswer, toReconciliation } from './report.ts'
import { endReconciliation } from './run-reconciliation.ts'

const getRow = async (tables: Pick<Tables, 'reconciliations'>, tenantId: string, id: string): Promise<RunningReconciliation> =>
  existing(await tables.reconciliations.find(tenantId, id), 'reconciliation') as RunningReconciliation

async function answer(tables: Tables, row: RunningReconciliation): Promise<Reconciliation> {
  return toReconciliation(row, (await tables.targets.find(row.tenantId, row.targetId))?.name ?? '')
}

type Running = RunningReconciliation & { readonly status: ReconcilePhase }
const isRunning = (row: RunningReconciliation): row is Running => row.status === 'reporting' || row.status === 'applying'

/** The job that goes on with it, if any. */
const findJob = async (tx: Tx, row: RunningReconciliation): Promise<JobRow | null> =>
  isRunning(row) ? tx.jobs.findActive(reconcileKey(row.id, row.status)) : null

/** One reconciliation a target at a time. What a job still tidies up after its reconciliation has ended stops nobody. */
async function requireIdle(tx: Tx, place: { tenantId: string; targetId: string }): Promise<void> {
  for (const row of (await tx.reconciliations.runningAt(place)) as RunningReconciliation[]) {
    if (!(await findJob(tx, row))) continue
    throw new Problem('CONFLICT', 'This target is being reconciled already. Wait for it, or cancel it.')
  }
}

async function start(tx: Tx, caller: Caller, given: { targetId: string; at: number }): Promise<RunningReconciliation> {
  const { tenantId, actor, requestId } = caller
  const target = await getTarget(tx, tenantId, given.targetId)
  await requireIdle(tx, { tenantId, targetId: target.id })
  const row: RunningReconciliation = {
    ...{ id: newId(), tenantId, targetId: target.id, status: 'reporting', report: newReport({ actor, requestId }), error: null },
    ...{ startedBy: actor.name, createdAt: given.at, reportedAt: null, finishedAt: null },
  }
  await tx.reconciliations.insert(row)
  await tx.jobs.enqueue(reconcileJob(row, 'reporting'))
  return row
}

async function apply(tx: Tx, caller: Caller, given: { id: string; request: ReconciliationApply }): Promise<RunningReconciliation> {
  const row = await getRow(tx, caller.tenantId, given.id)
  await getTarget(tx, caller.tenantId, row.targetId)
  await requireIdle(tx, row)
  const by = { actor: caller.actor, requestId: caller.requestId }
  const includeUnrecorded = given.request.includeUnrecorded ?? false
  const report = { ...row.report, by, includeUnrecorded, after: '' }
  if (!(await tx.reconciliations.become(row.id, { from: ['reported'], to: 'applying', report }))) {
    throw new Problem('CONFLICT', `The reconciliation is ${row.status}: only a report that is whole can be applied, and only once.`)
  }
  await tx.jobs.enqueue(reconcileJob(row, 'applying'))
  return getRow(tx, caller.tenantId, row.id)
}

/** For the transaction that cancels the job of a reconciliation: what was done so far stays, and the entry tells of it. */
export async function reconciliationCancelled(tx: Tx, caller: Caller, given: { job: JobRow; at: number }): Promise<void> {
  const { reconciliationId } = given.job.payload
  if (typeof reconciliationId !== 'string') return
  const row = (await tx.reconciliations.find(caller.tenantId, reconciliationId)) as RunningReconciliation | null
  const by = { actor: caller.actor, requestId: caller.requestId }
  if (row) await endReconciliation(tx, row, { outcome: 'cancelled', error: null, at: given.at, by })
}

/** Comparisons of what apps have stored at a target with the records of it, both ways. */
export const reconciliationService = ({ store, clock }: { store: Store; clock: Clock }) => ({
  /** CONFLICT where the target is being reconciled already. */
  start: (caller: Caller, targetId: string): Promise<Reconciliation> =>
    store.transaction(async (tx) => answer(tx, await start(tx, caller, { targetId, at: clock.now() }))),

  /** Those of a target, newest first. */
  async list(caller: Caller, targetId: string, page: PageRequest): Promise<PageOf<Reconciliation>> {
    const target = await getTarget(store.read, caller.tenantId, targetId)
    const place = { tenantId: caller.tenantId, targetId }
    const rows = await store.read.reconciliations.list(place, { limit: rowsFor(page), before: fromCursor(page.cursor) })
    return toPage(rows as RunningReconciliation[], page, (row) => toReconciliation(row, target.name))
  },

  get: async (caller: Caller, id: string): Promise<Reconciliation> => answer(store.read, await getRow(store.read, caller.tenantId, id)),

  /** In the order in which they were found. */
  async findings(caller: Caller, id: string, query: ReconciliationFindingQuery): Promise<PageOf<ReconciliationFinding>> {
    const row = await getRow(store.read, caller.tenantId, id)
    const of = { reconciliationId: row.id, ...(query.kind === undefined ? {} : { kinds: [query.kind] }) }
    const found = await store.read.reconciliations.findings(of, { limit: rowsFor(query), after: fromCursor(query.cursor) })
    const cut = cutPage(found, query)
    return { items: cut.rows.map(toFindingAnswer), nextCursor: cut.nextCursor }
  },

  /** Removes what the report found to be surely ours and of no file. CONFLICT in any other state than `reported`. */
  apply: (caller: Caller, id: string, request: ReconciliationApply): Promise<Reconciliation> =>
    store.transaction(async (tx) => answer(tx, await apply(tx, caller, { id, request }))),

  /** Ends it at once; what it has done stays done. One that has ended stays as it ended. */
  cancel: (caller: Caller, id: string): Promise<Reconciliation> =>
    store.transaction(async (tx) => {
      const row = await getRow(tx, caller.tenantId, id)
      const job = await findJob(tx, row)
      const by = { actor: caller.actor, requestId: caller.requestId }
      const ended = await endReconciliation(tx, row, { outcome: 'cancelled', error: null, at: clock.now(), by })
      if (ended && job) await tx.jobs.cancel(caller.tenantId, job.id)
      return answer(tx, await getRow(tx, caller.tenantId, id))
    }),
})
export type ReconciliationService = ReturnType<typeof reconciliationService>

const PAGE = 100
const FINDINGS_KEPT_MILLISECONDS = 90 * 24 * 3_600_000

/** Ends reconciliations whose job is gone without a word, and forgets what those found that ended long ago. */
export async function sweepReconciliations(deps: ReconcileDeps): Promise<void> {
  const { store, clock } = deps
  for (let after = ''; ; ) {
    const rows = (await store.read.reconciliations.running(after, PAGE)) as RunningReconciliation[]
    for (const row of rows) {
      await store.transaction(async (tx) => {
        if (await findJob(tx, row)) return
        const now = await getRow(tx, row.tenantId, row.id)
        const error = 'It was given up after several attempts. Start it again.'
        await endReconciliation(tx, now, { outcome: 'failed', error, at: clock.now() })
      })
    }
    const last = rows.at(-1)
    if (!last) break
    after = last.id
  }
  const old = clock.now() - FINDINGS_KEPT_MILLISECONDS
  for (let id = await store.read.reconciliations.oldWithFindings(old); id; id = await store.read.reconciliations.oldWithFindings(old)) {
    await forgetFindings(deps, id)
  }
}
