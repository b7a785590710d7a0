import type { ReconciliationKind, ReconciliationStatus } from '@holdfast/api'
import { sql as raw, type Selectable } from 'kysely'
import type { Sql } from './database.ts'
import { type FileRow, fileColumns, typedFile } from './file-rows.ts'
import { rowsInsert } from './row-insert.ts'
import type { Schema } from './schema.ts'

/** One comparison of what lies at a target with its records. `Report` is what services/reconcile keeps in it. */
export type ReconciliationRow<Report = unknown> = {
  id: string
  tenantId: string
  targetId: string
  status: ReconciliationStatus
  report: Report
  error: string | null
  startedBy: string
  createdAt: number
  reportedAt: number | null
  finishedAt: number | null
}

export type Finding = {
  readonly id: string
  readonly kind: ReconciliationKind
  readonly key: string
  readonly fileId: string | null
  readonly fileName: string | null
  readonly size: number
  readonly modifiedAt: number | null
  readonly reason: string
  readonly outcome: 'removed' | 'kept' | null
  readonly outcomeReason: string | null
}

const toRow = (row: Selectable<Schema['reconciliations']>): ReconciliationRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  targetId: row.target_id,
  status: row.status,
  report: JSON.parse(row.report),
  error: row.error,
  startedBy: row.started_by,
  createdAt: row.created_at,
  reportedAt: row.reported_at,
  finishedAt: row.finished_at,
})

const toFinding = (row: Selectable<Schema['reconciliation_findings']>): Finding => ({
  id: row.id,
  kind: row.kind,
  key: row.object_key,
  fileId: row.file_id,
  fileName: row.file_name,
  size: row.size,
  modifiedAt: row.modified_at,
  reason: row.reason,
  outcome: row.outcome,
  outcomeReason: row.outcome_reason,
})

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isRunning = raw<boolean>`status in ('reporting', 'applying')`
const isStored = raw<boolean>`status in ('READY', 'DAMAGED', 'REJECTED') and deleted_at is null and purged_at is null`

const insertFindings = rowsInsert('reconciliation_findings')

const reports = (sql: Sql) => ({
  async insert(row: ReconciliationRow): Promise<void> {
    await sql
      .insertInto('reconciliations')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        target_id: row.targetId,
        status: row.status,
        report: JSON.stringify(row.report),
        error: row.error,
        started_by: row.startedBy,
        created_at: row.createdAt,
        reported_at: row.reportedAt,
        finished_at: row.finishedAt,
      })
      .execute()
  },

  async find(tenantId: string, id: string): Promise<ReconciliationRow | null> {
    const query = sql.selectFrom('reconciliations').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id)
    const row = await query.executeTakeFirst()
    return row ? toRow(row) : null
  },

  /** Of a target, newest first: those with an id below `before`. */
  async list(place: { tenantId: string; targetId: string }, page: { before: string | null; limit: number }): Promise<ReconciliationRow[]> {
    let query = sql.selectFrom('reconciliations').selectAll()
    query = query.where('tenant_id', '=', place.tenantId).where('target_id', '=', place.targetId)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toRow)
  },

  /** Keeps how far a running one is. False where it has ended, and then nothing more may be done in its name. */
  async keep(id: string, report: unknown): Promise<boolean> {
    const change = { report: JSON.stringify(report) }
    const result = await sql.updateTable('reconciliations').set(change).where('id', '=', id).where(isRunning).executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** False where it is in none of the states `from`. `error`, and times that are not given, stay as they are. */
  async become(
    id: string,
    change: {
      from: readonly ReconciliationStatus[]
      to: ReconciliationStatus
      report: unknown
      error?: string | null
      reportedAt?: number
      finishedAt?: number | null
    },
  ): Promise<boolean> {
    const { to: status, error, reportedAt: reported_at, finishedAt: finished_at } = change
    const result = await sql
      .updateTable('reconciliations')
      .set({ status, report: JSON.stringify(change.report), error, reported_at, finished_at })
      .where('id', '=', id)
      .where('status', 'in', [...change.from])
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** The running ones of a target. */
  async runningAt(place: { tenantId: string; targetId: string }): Promise<ReconciliationRow[]> {
    const query = sql.selectFrom('reconciliations').selectAll().where(isRunning).where('tenant_id', '=', place.tenantId)
    return (await query.where('target_id', '=', place.targetId).execute()).map(toRow)
  },

  /** Those of all tenants that run, by id. */
  async running(after: string, limit: number): Promise<ReconciliationRow[]> {
    const query = sql.selectFrom('reconciliations').selectAll().where(isRunning).where('id', '>', after)
    return (await query.orderBy('id').limit(limit).execute()).map(toRow)
  },
})

const findings = (sql: Sql) => ({
  async addFindings(reconciliationId: string, found: readonly Finding[]): Promise<void> {
    const rows = found.map((one) => ({
      ...{ id: one.id, reconciliation_id: reconciliationId, kind: one.kind, object_key: one.key, file_id: one.fileId },
      ...{ file_name: one.fileName, size: one.size, modified_at: one.modifiedAt, reason: one.reason },
      ...{ outcome: one.outcome, outcome_reason: one.outcomeReason },
    }))
    await insertFindings(sql, rows)
  },

  /** In the order in which they were found: those with an id above `after`. */
  async findings(
    of: { reconciliationId: string; kinds?: readonly ReconciliationKind[] },
    page: { after: string | null; limit: number },
  ): Promise<Finding[]> {
    let query = sql.selectFrom('reconciliation_findings').selectAll().where('reconciliation_id', '=', of.reconciliationId)
    if (of.kinds !== undefined) query = query.where('kind', 'in', [...of.kinds])
    if (page.after !== null) query = query.where('id', '>', page.after)
    return (await query.orderBy('id').limit(raw.lit(page.limit)).execute()).map(toFinding)
  },

  async settle(findingId: string, end: { outcome: 'removed' | 'kept'; reason: string | null }): Promise<void> {
    const change = { outcome: end.outcome, outcome_reason: end.reason }
    await sql.updateTable('reconciliation_findings').set(change).where('id', '=', findingId).execute()
  },

  /** Forgets up to `limit` findings. Answers how many. */
  async forget(reconciliationId: string, limit: number): Promise<number> {
    const some = sql.selectFrom('reconciliation_findings').select('id').where('reconciliation_id', '=', reconciliationId).limit(limit)
    const result = await sql.deleteFrom('reconciliation_findings').where('id', 'in', some).executeTakeFirst()
    return Number(result.numDeletedRows)
  },

  /** One that began before `at`, has ended and still has findings; null where there is none. */
  async oldWithFindings(at: number): Promise<string | null> {
    const row = await sql
      .selectFrom('reconciliations')
      .select('id')
      .where('created_at', '<', at)
      .where(raw<boolean>`not ${isRunning}`)
      .where(raw<boolean>`exists (select 1 from reconciliation_findings f where f.reconciliation_id = reconciliations.id)`)
      .limit(1)
      .executeTakeFirst()
    return row?.id ?? null
  },
})

const compared = (sql: Sql) => ({
  /** Those of `keys` under which a file that is stored at the target has its object. */
  async knownKeys(targetId: string, keys: readonly string[]): Promise<Set<string>> {
    if (keys.length === 0) return new Set()
    const rows = await sql
      .selectFrom('files')
      .select('object_key')
      .where('target_id', '=', targetId)
      .where('object_key', 'in', [...keys])
      .where(raw<boolean>`purged_at is null`)
      .where('status', 'in', ['SCANNING', 'READY', 'DAMAGED', 'REJECTED'])
      .execute()
    return new Set(rows.map((row) => row.object_key))
  },

  /** Objects of apps that were stored at the target by `storedBy`, by id. */
  async pageStored(
    place: { tenantId: string; targetId: string; storedBy: number },
    page: { after: string; limit: number },
  ): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', place.tenantId)
      .where('target_id', '=', place.targetId)
      .where('tier', '=', 'object')
      .where(isStored)
      .where((eb) => eb(eb.fn.coalesce('ready_at', 'created_at'), '<=', place.storedBy))
      .where('id', '>', page.after)
      .orderBy('id')
      .limit(raw.lit(page.limit))
      .execute()
    return rows.map(typedFile)
  },

  /** Notes since when the object of a stored file is missing; null: it is there. False where that was known, or the object lies elsewhere now. */
  async noteMissing(file: FileRow, at: number | null): Promise<boolean> {
    const result = await sql
      .updateTable('files')
      .set((eb) => ({ missing_at: at, version: eb('version', '+', 1) }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('target_id', '=', file.targetId)
      .where('object_key', '=', file.objectKey)
      .where('missing_at', at === null ? 'is not' : 'is', null)
      .where(isStored)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },
})

export const reconciliationTable = (sql: Sql) => ({ ...reports(sql), ...findings(sql), ...compared(sql) })
export type ReconciliationTable = ReturnType<typeof reconciliationTable>
