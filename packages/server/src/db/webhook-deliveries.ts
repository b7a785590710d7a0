import type { Selectable } from 'kysely'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

export type DeliveryStatus = Schema['webhook_deliveries']['status']

/** One message on its way to one endpoint. `payload` is the exact text that is signed and sent; the id is its `webhook-id`. */
export type DeliveryRow = {
  readonly id: string
  readonly tenantId: string
  readonly endpointId: string
  readonly eventType: string
  readonly fileId: string | null
  readonly payload: string
  readonly status: DeliveryStatus
  readonly attempts: number
  readonly responseStatus: number | null
  readonly durationMs: number | null
  readonly error: string | null
  readonly nextAttemptAt: number | null
  readonly createdAt: number
  readonly finishedAt: number | null
}

export type AttemptRow = {
  readonly number: number
  readonly at: number
  readonly byHand: boolean
  readonly responseStatus: number | null
  readonly durationMs: number
  readonly error: string | null
}

const toDelivery = (row: Selectable<Schema['webhook_deliveries']>): DeliveryRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  endpointId: row.endpoint_id,
  eventType: row.event_type,
  fileId: row.file_id,
  payload: row.payload,
  status: row.status,
  attempts: row.attempts,
  responseStatus: row.response_status,
  durationMs: row.duration_ms,
  error: row.error,
  nextAttemptAt: row.next_attempt_at,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
})

type Settled = { readonly status: DeliveryStatus; readonly nextAttemptAt: number | null; readonly finishedAt: number | null }

export const webhookDeliveryTable = (sql: Sql) => ({
  async insert(row: Omit<DeliveryRow, 'status' | 'attempts' | 'responseStatus' | 'durationMs' | 'error' | 'finishedAt'>): Promise<void> {
    await sql
      .insertInto('webhook_deliveries')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        endpoint_id: row.endpointId,
        event_type: row.eventType,
        file_id: row.fileId,
        payload: row.payload,
        status: 'pending',
        attempts: 0,
        next_attempt_at: row.nextAttemptAt,
        created_at: row.createdAt,
      })
      .execute()
  },

  async find(tenantId: string, id: string): Promise<DeliveryRow | null> {
    const row = await sql
      .selectFrom('webhook_deliveries')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .executeTakeFirst()
    return row ? toDelivery(row) : null
  },

  /** Of one endpoint, newest first, those before the id `before`. */
  async list(
    endpoint: { tenantId: string; id: string },
    filter: { status?: DeliveryStatus | undefined },
    page: { before: string | null; limit: number },
  ): Promise<DeliveryRow[]> {
    let query = sql.selectFrom('webhook_deliveries').selectAll().where('tenant_id', '=', endpoint.tenantId)
    query = query.where('endpoint_id', '=', endpoint.id)
    if (filter.status !== undefined) query = query.where('status', '=', filter.status)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toDelivery)
  },

  /** In order, the latest last; at most a thousand. */
  async attempts(deliveryId: string): Promise<AttemptRow[]> {
    const rows = await sql
      .selectFrom('webhook_attempts')
      .selectAll()
      .where('delivery_id', '=', deliveryId)
      .orderBy('number')
      .limit(1000)
      .execute()
    return rows.map((row) => ({
      number: row.number,
      at: row.at,
      byHand: row.by_hand === 1,
      responseStatus: row.response_status,
      durationMs: row.duration_ms,
      error: row.error,
    }))
  },

  /** Takes note of an attempt. False, and nothing changed, where it was noted before or is not the next one. */
  async settle(delivery: Pick<DeliveryRow, 'tenantId' | 'id'>, attempt: AttemptRow, to: Settled): Promise<boolean> {
    const { number, at, durationMs: duration_ms, error, responseStatus: response_status } = attempt
    const change = { status: to.status, next_attempt_at: to.nextAttemptAt, finished_at: to.finishedAt }
    const result = await sql
      .updateTable('webhook_deliveries')
      .set({ ...change, attempts: number, response_status, duration_ms, error })
      .where('tenant_id', '=', delivery.tenantId)
      .where('id', '=', delivery.id)
      .where('status', '=', 'pending')
      .where('attempts', '=', number - 1)
      .executeTakeFirst()
    if (result.numUpdatedRows === 0n) return false
    const row = { delivery_id: delivery.id, number, at, by_hand: attempt.byHand ? (1 as const) : (0 as const) }
    await sql
      .insertInto('webhook_attempts')
      .values({ ...row, response_status, duration_ms, error })
      .execute()
    return true
  },

  /** Ends a delivery without an attempt: its endpoint is gone or disabled. */
  async giveUp(delivery: Pick<DeliveryRow, 'tenantId' | 'id'>, end: { error: string; at: number }): Promise<void> {
    await sql
      .updateTable('webhook_deliveries')
      .set({ status: 'failed', error: end.error, next_attempt_at: null, finished_at: end.at })
      .where('tenant_id', '=', delivery.tenantId)
      .where('id', '=', delivery.id)
      .where('status', '=', 'pending')
      .execute()
  },

  /** A delivery that has ended is tried once more. False where it is still under way. */
  async reopen(delivery: Pick<DeliveryRow, 'tenantId' | 'id'>, at: number): Promise<boolean> {
    const result = await sql
      .updateTable('webhook_deliveries')
      .set({ status: 'pending', next_attempt_at: at, finished_at: null })
      .where('tenant_id', '=', delivery.tenantId)
      .where('id', '=', delivery.id)
      .where('status', '<>', 'pending')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Those under way, of all tenants, by id: for check. */
  async pagePending(after: string, limit: number): Promise<DeliveryRow[]> {
    const query = sql.selectFrom('webhook_deliveries').selectAll().where('status', '=', 'pending').where('id', '>', after)
    return (await query.orderBy('id').limit(limit).execute()).map(toDelivery)
  },

  /** Forgets up to `limit` deliveries, with their attempts, that ended before `before`. Answers how many. */
  async purge(before: number, limit: number): Promise<number> {
    const old = sql.selectFrom('webhook_deliveries').select('id').where('finished_at', '<', before).orderBy('finished_at').limit(limit)
    return Number((await sql.deleteFrom('webhook_deliveries').where('id', 'in', old).executeTakeFirst()).numDeletedRows)
  },
})
