import type { Sql } from './database.ts'

export type IdempotencyPlace = { readonly tenantId: string; readonly route: string; readonly key: string }
export type IdempotencyRow = {
  readonly requestHash: string
  /** Null while the first request with the key is still being answered. */
  readonly status: number | null
  readonly body: string | null
  readonly createdAt: number
}

/** What was answered to a request with an Idempotency-Key, by tenant, route and key. */
export const idempotencyTable = (sql: Sql) => ({
  async find(place: IdempotencyPlace): Promise<IdempotencyRow | null> {
    const row = await sql
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('tenant_id', '=', place.tenantId)
      .where('route', '=', place.route)
      .where('key', '=', place.key)
      .executeTakeFirst()
    return row ? { requestHash: row.request_hash, status: row.status, body: row.body, createdAt: row.created_at } : null
  },
  /** Takes the key for a request that is about to run. Answers false where it is taken. */
  async take(place: IdempotencyPlace, request: { requestHash: string; at: number }): Promise<boolean> {
    const added = await sql
      .insertInto('idempotency_keys')
      .values({
        tenant_id: place.tenantId,
        route: place.route,
        key: place.key,
        request_hash: request.requestHash,
        status: null,
        body: null,
        created_at: request.at,
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'key', 'route']).doNothing())
      .executeTakeFirst()
    return (added.numInsertedOrUpdatedRows ?? 0n) > 0n
  },
  async settle(place: IdempotencyPlace, answer: { status: number; body: string | null }): Promise<void> {
    await sql
      .updateTable('idempotency_keys')
      .set(answer)
      .where('tenant_id', '=', place.tenantId)
      .where('route', '=', place.route)
      .where('key', '=', place.key)
      .execute()
  },
  /** Frees the key. */
  async drop(place: IdempotencyPlace): Promise<void> {
    await sql
      .deleteFrom('idempotency_keys')
      .where('tenant_id', '=', place.tenantId)
      .where('route', '=', place.route)
      .where('key', '=', place.key)
      .execute()
  },
  async dropOlderThan(at: number): Promise<void> {
    await sql.deleteFrom('idempotency_keys').where('created_at', '<', at).execute()
  },
})
