import type { Selectable } from 'kysely'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

/** What an app asked to upload. Whether it is still open is its upload's to say. */
export type IntentRow = {
  readonly id: string
  readonly tenantId: string
  readonly assetId: string
  readonly idempotencyKey: string | null
  readonly requestHash: string
  readonly createdAt: number
  readonly cancelledAt: number | null
}

const toIntent = (row: Selectable<Schema['evidence_intents']>): IntentRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  assetId: row.asset_id,
  idempotencyKey: row.idempotency_key,
  requestHash: row.request_hash,
  createdAt: row.created_at,
  cancelledAt: row.cancelled_at,
})

/** Upload intents of the evidence contract. */
export const intentTable = (sql: Sql) => ({
  async find(tenantId: string, id: string): Promise<IntentRow | null> {
    const row = await sql
      .selectFrom('evidence_intents')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row ? toIntent(row) : null
  },

  async findByKey(tenantId: string, idempotencyKey: string): Promise<IntentRow | null> {
    const query = sql.selectFrom('evidence_intents').selectAll().where('tenant_id', '=', tenantId)
    const row = await query.where('idempotency_key', '=', idempotencyKey).executeTakeFirst()
    return row ? toIntent(row) : null
  },

  /** `DatabaseConflict` where another intent of the tenant has its idempotency key. */
  async insert(row: IntentRow): Promise<void> {
    await sql
      .insertInto('evidence_intents')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        asset_id: row.assetId,
        idempotency_key: row.idempotencyKey,
        request_hash: row.requestHash,
        created_at: row.createdAt,
        cancelled_at: row.cancelledAt,
      })
      .execute()
  },

  /** The intent stands for another asset from now on. False where it does not stand for `from` any more. */
  async renew(intent: { tenantId: string; id: string }, change: { from: string; to: string }): Promise<boolean> {
    const result = await sql
      .updateTable('evidence_intents')
      .set({ asset_id: change.to })
      .where('tenant_id', '=', intent.tenantId)
      .where('id', '=', intent.id)
      .where('asset_id', '=', change.from)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  async cancel(intent: { tenantId: string; id: string }, at: number): Promise<void> {
    await sql
      .updateTable('evidence_intents')
      .set({ cancelled_at: at })
      .where('tenant_id', '=', intent.tenantId)
      .where('id', '=', intent.id)
      .where('cancelled_at', 'is', null)
      .execute()
  },
})

export type IntentTable = ReturnType<typeof intentTable>
