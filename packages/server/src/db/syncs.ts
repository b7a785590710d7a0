import type { Selectable } from 'kysely'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

export type SyncStatus = Schema['syncs']['status']
export type SyncMode = Schema['syncs']['mode']

/** One reconciliation of a scope with its storage (D13). `Report` is what services/direct/sync keeps in it. */
export type SyncRow<Report = unknown> = {
  id: string
  tenantId: string
  caseId: string
  /** Null: the root of the case. */
  itemId: string | null
  targetId: string
  mode: SyncMode
  status: SyncStatus
  allowRemovals: boolean
  report: Report
  error: string | null
  startedBy: string
  createdAt: number
  finishedAt: number | null
}

const toSync = (row: Selectable<Schema['syncs']>): SyncRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  caseId: row.case_id,
  itemId: row.item_id,
  targetId: row.target_id,
  mode: row.mode,
  status: row.status,
  allowRemovals: row.allow_removals === 1,
  report: JSON.parse(row.report),
  error: row.error,
  startedBy: row.started_by,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
})

export const syncTable = (sql: Sql) => ({
  async insert(row: SyncRow): Promise<void> {
    await sql
      .insertInto('syncs')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        case_id: row.caseId,
        item_id: row.itemId,
        target_id: row.targetId,
        mode: row.mode,
        status: row.status,
        allow_removals: row.allowRemovals ? 1 : 0,
        report: JSON.stringify(row.report),
        error: row.error,
        started_by: row.startedBy,
        created_at: row.createdAt,
        finished_at: row.finishedAt,
      })
      .execute()
  },

  async find(tenantId: string, id: string): Promise<SyncRow | null> {
    const row = await sql.selectFrom('syncs').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst()
    return row ? toSync(row) : null
  },

  /** Of a case and its items, newest first: those with an id below `before`. */
  async list(place: { tenantId: string; caseId: string }, page: { before: string | null; limit: number }): Promise<SyncRow[]> {
    let query = sql.selectFrom('syncs').selectAll().where('tenant_id', '=', place.tenantId).where('case_id', '=', place.caseId)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toSync)
  },

  /** Keeps how far a running Sync is. False where it has ended, and then nothing more may be done in its name. */
  async keep(id: string, report: unknown): Promise<boolean> {
    const change = { report: JSON.stringify(report) }
    const result = await sql.updateTable('syncs').set(change).where('id', '=', id).where('status', '=', 'running').executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** The running ones of one scope: the case itself, or one of its items. */
  async runningIn(scope: { tenantId: string; caseId: string; itemId: string | null }): Promise<SyncRow[]> {
    const query = sql.selectFrom('syncs').selectAll().where('status', '=', 'running').where('tenant_id', '=', scope.tenantId)
    const rows = await query
      .where('case_id', '=', scope.caseId)
      .where('item_id', scope.itemId === null ? 'is' : '=', scope.itemId)
      .execute()
    return rows.map(toSync)
  },
  /** Ends a running Sync. False where it has ended before. */
  async end(
    id: string,
    end: { status: Exclude<SyncStatus, 'running'>; error: string | null; report: unknown; at: number },
  ): Promise<boolean> {
    const change = { status: end.status, error: end.error, report: JSON.stringify(end.report), finished_at: end.at }
    const result = await sql.updateTable('syncs').set(change).where('id', '=', id).where('status', '=', 'running').executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Those of all tenants that run, by id. */
  async running(after: string, limit: number): Promise<SyncRow[]> {
    const query = sql.selectFrom('syncs').selectAll().where('status', '=', 'running').where('id', '>', after)
    return (await query.orderBy('id').limit(limit).execute()).map(toSync)
  },
})
export type SyncTable = ReturnType<typeof syncTable>
