import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

export type MigrationStatus = Schema['migrations']['status']

/** Files of one target on their way to another (R5). */
export type MigrationRow = {
  id: string
  tenantId: string
  fromTargetId: string
  toTargetId: string
  status: MigrationStatus
  /** As they were when the migration began. */
  filesTotal: number
  bytesTotal: number
  createdBy: string
  createdAt: number
  finishedAt: number | null
  version: number
}

type Row = { [Column in keyof Schema['migrations']]: Schema['migrations'][Column] }

const toMigration = (row: Row): MigrationRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  fromTargetId: row.from_target_id,
  toTargetId: row.to_target_id,
  status: row.status,
  filesTotal: row.files_total,
  bytesTotal: row.bytes_total,
  createdBy: row.created_by,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
  version: row.version,
})

export const migrationTable = (sql: Sql) => ({
  async insert(row: MigrationRow): Promise<void> {
    await sql
      .insertInto('migrations')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        from_target_id: row.fromTargetId,
        to_target_id: row.toTargetId,
        status: row.status,
        files_total: row.filesTotal,
        bytes_total: row.bytesTotal,
        created_by: row.createdBy,
        created_at: row.createdAt,
        finished_at: row.finishedAt,
        version: row.version,
      })
      .execute()
  },

  async find(tenantId: string, id: string): Promise<MigrationRow | null> {
    const row = await sql.selectFrom('migrations').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst()
    return row ? toMigration(row) : null
  },

  /** Newest first. */
  async list(tenantId: string, page: { before: string | null; limit: number }): Promise<MigrationRow[]> {
    let query = sql.selectFrom('migrations').selectAll().where('tenant_id', '=', tenantId)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toMigration)
  },

  /** False where it is in none of the states `from`. */
  async become(
    row: Pick<MigrationRow, 'tenantId' | 'id'>,
    change: { from: readonly MigrationStatus[]; to: MigrationStatus; finishedAt: number | null },
  ): Promise<boolean> {
    const result = await sql
      .updateTable('migrations')
      .set((eb) => ({ status: change.to, finished_at: change.finishedAt, version: eb('version', '+', 1) }))
      .where('tenant_id', '=', row.tenantId)
      .where('id', '=', row.id)
      .where('status', 'in', [...change.from])
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Those of all tenants that run, for the sweep. */
  async running(): Promise<MigrationRow[]> {
    return (await sql.selectFrom('migrations').selectAll().where('status', '=', 'running').orderBy('id').limit(1000).execute()).map(
      toMigration,
    )
  },
})
