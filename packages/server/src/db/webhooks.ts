import type { WebhookEventType } from '@holdfast/api'
import type { Selectable } from 'kysely'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

/** Where a tenant wants to be told of its files. */
export type EndpointRow = {
  readonly id: string
  readonly tenantId: string
  readonly url: string
  readonly description: string
  readonly eventTypes: readonly WebhookEventType[]
  readonly enabled: boolean
  readonly disabledReason: string | null
  /** Sealed; null once deleted. */
  readonly secret: Uint8Array | null
  /** Until when the secret of before is used beside the new one. */
  readonly previousUntil: number | null
  /** Since when every attempt has failed. */
  readonly failingSince: number | null
  readonly createdBy: string
  readonly createdAt: number
  readonly version: number
}

const toEndpoint = (row: Selectable<Schema['webhook_endpoints']>): EndpointRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  url: row.url,
  description: row.description,
  eventTypes: JSON.parse(row.event_types) as WebhookEventType[],
  enabled: row.enabled === 1,
  disabledReason: row.disabled_reason,
  secret: row.secret,
  previousUntil: row.previous_until,
  failingSince: row.failing_since,
  createdBy: row.created_by,
  createdAt: row.created_at,
  version: row.version,
})

const changeOf = (row: EndpointRow) => ({
  url: row.url,
  description: row.description,
  event_types: JSON.stringify(row.eventTypes),
  enabled: row.enabled ? (1 as const) : (0 as const),
  disabled_reason: row.disabledReason,
  secret: row.secret,
  previous_until: row.previousUntil,
  failing_since: row.failingSince,
  version: row.version,
})

/** Endpoints of webhooks that are not deleted. */
export const webhookEndpointTable = (sql: Sql) => ({
  async insert(row: EndpointRow): Promise<void> {
    const { id, tenantId: tenant_id, createdBy: created_by, createdAt: created_at } = row
    await sql
      .insertInto('webhook_endpoints')
      .values({ id, tenant_id, created_by, created_at, ...changeOf(row) })
      .execute()
  },

  async find(tenantId: string, id: string): Promise<EndpointRow | null> {
    const row = await sql
      .selectFrom('webhook_endpoints')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    return row ? toEndpoint(row) : null
  },

  /** Newest first, those before the id `before`. */
  async list(tenantId: string, page: { before: string | null; limit: number }): Promise<EndpointRow[]> {
    let query = sql.selectFrom('webhook_endpoints').selectAll().where('tenant_id', '=', tenantId).where('deleted_at', 'is', null)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toEndpoint)
  },

  async count(tenantId: string): Promise<number> {
    const row = await sql
      .selectFrom('webhook_endpoints')
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .where('tenant_id', '=', tenantId)
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },

  /** Those that are enabled and want to hear of `type`. */
  async wanting(tenantId: string, type: WebhookEventType): Promise<EndpointRow[]> {
    const rows = await sql
      .selectFrom('webhook_endpoints')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('enabled', '=', 1)
      .where('deleted_at', 'is', null)
      .execute()
    return rows.map(toEndpoint).filter((row) => row.eventTypes.includes(type))
  },

  async update(row: EndpointRow): Promise<void> {
    const at = sql.updateTable('webhook_endpoints').where('tenant_id', '=', row.tenantId).where('id', '=', row.id)
    await at.set(changeOf(row)).where('deleted_at', 'is', null).execute()
  },

  /** Its secret is gone; its deliveries stay. */
  async remove(tenantId: string, id: string, at: number): Promise<void> {
    await sql
      .updateTable('webhook_endpoints')
      .set({ deleted_at: at, secret: null, enabled: 0 })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .execute()
  },
})
