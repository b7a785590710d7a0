import { type PageOf, Problem, type Sync, type SyncStart } from '@holdfast/api'
import type { Caller } from '../../../core/actor.ts'
import type { Clock } from '../../../core/clock.ts'
import { newId } from '../../../core/ids.ts'
import type { JobRow } from '../../../db/job-queue.ts'
import type { Store, Tx } from '../../../db/store.ts'
import { existing } from '../../caller.ts'
import { fromCursor, type PageRequest, rowsFor, toPage } from '../../pages.ts'
import type { SyncDeps } from './deps.ts'
import { syncScopeJob, syncScopeKey } from './job-kinds.ts'
import { forgetFound } from './list-scope.ts'
import { newReport, type RunningSync, toSync } from './report.ts'
import { endSync } from './run-sync.ts'

type Tables = Pick<Tx, 'syncs'>
const getSync = async (tables: Tables, tenantId: string, id: string): Promise<RunningSync> =>
  existing(await tables.syncs.find(tenantId, id), 'Sync') as RunningSync

/** One Sync a scope at a time. What a job still tidies up after its Sync has ended stops nobody. */
async function requireNone(tx: Tx, scope: { tenantId: string; caseId: string; itemId: string | null }): Promise<void> {
  for (const { id } of await tx.syncs.runningIn(scope)) {
    if (!(await tx.jobs.isActive(syncScopeKey(id)))) continue
    throw new Problem('CONFLICT', 'A Sync of this folder is under way. Wait for it, or cancel it.')
  }
}

async function start(tx: Tx, caller: Caller, given: { caseId: string; request: SyncStart; at: number }): Promise<RunningSync> {
  const { caseId, request, at } = given
  const { tenantId, actor, requestId } = caller
  existing(await tx.cases.find(tenantId, caseId), 'case')
  const itemId = request.itemId ?? null
  const item = itemId === null ? null : await tx.items.find(tenantId, itemId)
  if (itemId !== null) existing(item?.caseId === caseId ? item : null, 'item in this case')
  const binding = await tx.roleBindings.find(tenantId, 'direct')
  if (!binding)
    throw new Problem('CONFLICT', 'No storage target serves Direct Storage. An administrator binds one under Settings, Storage.')
  await requireNone(tx, { tenantId, caseId, itemId })
  const row: RunningSync = {
    ...{ id: newId(), tenantId, caseId, itemId, targetId: binding.targetId, mode: request.mode, status: 'running' },
    ...{ allowRemovals: request.allowRemovals ?? false, report: newReport({ actor, requestId }), error: null },
    ...{ startedBy: actor.name, createdAt: at, finishedAt: null },
  }
  await tx.syncs.insert(row)
  await tx.jobs.enqueue(syncScopeJob(row))
  return row
}

/** For the transaction that cancels the job of a Sync: what was done so far stays, and the entry tells of it. */
export async function syncCancelled(tx: Tx, caller: Caller, given: { job: JobRow; at: number }): Promise<void> {
  const { syncId } = given.job.payload
  const row = typeof syncId === 'string' ? ((await tx.syncs.find(caller.tenantId, syncId)) as RunningSync | null) : null
  if (!row) return
  const by = { actor: caller.actor, requestId: caller.requestId }
  await endSync(tx, row, { status: 'cancelled', error: null, at: given.at, by })
}

/** Reconciliations of the folder of a case, or of one of its items, with what lies there (D13). */
export const syncService = ({ store, clock }: { store: Store; clock: Clock }) => ({
  /** CONFLICT where Direct is not bound, or the scope is being reconciled already. */
  start: async (caller: Caller, caseId: string, request: SyncStart): Promise<Sync> =>
    toSync(await store.transaction((tx) => start(tx, caller, { caseId, request, at: clock.now() }))),

  /** Those of the case and of its items, newest first. */
  async list(caller: Caller, caseId: string, page: PageRequest): Promise<PageOf<Sync>> {
    existing(await store.read.cases.find(caller.tenantId, caseId), 'case')
    const place = { tenantId: caller.tenantId, caseId }
    const rows = await store.read.syncs.list(place, { limit: rowsFor(page), before: fromCursor(page.cursor) })
    return toPage(rows as RunningSync[], page, toSync)
  },

  get: async (caller: Caller, id: string): Promise<Sync> => toSync(await getSync(store.read, caller.tenantId, id)),

  /** Ends it at once; what it has done stays done. One that has ended stays as it ended. */
  async cancel(caller: Caller, id: string): Promise<Sync> {
    return store.transaction(async (tx) => {
      const row = await getSync(tx, caller.tenantId, id)
      const job = await tx.jobs.findActive(syncScopeKey(row.id))
      const by = { actor: caller.actor, requestId: caller.requestId }
      const ended = await endSync(tx, row, { status: 'cancelled', error: null, at: clock.now(), by })
      if (ended && job) await tx.jobs.cancel(caller.tenantId, job.id)
      return toSync(await getSync(tx, caller.tenantId, id))
    })
  },
})
export type SyncService = ReturnType<typeof syncService>

const PAGE = 100

/** Ends Syncs whose job is gone without a word, and forgets what ended ones have found. */
export async function sweepSyncs(deps: SyncDeps): Promise<void> {
  const { store, clock } = deps
  for (let after = ''; ; ) {
    const rows = (await store.read.syncs.running(after, PAGE)) as RunningSync[]
    for (const row of rows) {
      await store.transaction(async (tx) => {
        if (await tx.jobs.isActive(syncScopeKey(row.id))) return
        const now = await getSync(tx, row.tenantId, row.id)
        await endSync(tx, now, { status: 'failed', error: 'It was given up after several attempts. Start it again.', at: clock.now() })
      })
    }
    const last = rows.at(-1)
    if (!last) break
    after = last.id
  }
  for (let sync = await store.read.syncObjects.nextSync(''); sync !== null; sync = await store.read.syncObjects.nextSync(sync.id)) {
    if (!sync.running) await forgetFound(deps, sync.id)
  }
}
