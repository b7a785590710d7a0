import type { Selectable } from 'kysely'
import type { Sql } from './database.ts'
import { keptQuery } from './kept-query.ts'
import type { Schema } from './schema.ts'

/** A tenant's key as stored: wrapped by the provider's key `keyId`. */
export type TenantKeyRow = { readonly tenantId: string; readonly keyId: string; readonly wrapped: Uint8Array; readonly createdAt: number }
export type EntityType = 'case' | 'owner'
/** The key of a case or an owner as stored; `wrapped` is null once it was destroyed. */
export type EntityKeyRow = {
  readonly id: string
  readonly tenantId: string
  readonly entityType: EntityType
  readonly entityId: string
  readonly wrapped: Uint8Array | null
  readonly createdAt: number
}

const toTenantKey = (row: Selectable<Schema['tenant_keys']>): TenantKeyRow => ({
  tenantId: row.tenant_id,
  keyId: row.key_id,
  wrapped: row.wrapped,
  createdAt: row.created_at,
})
const toEntityKey = (row: Selectable<Schema['entity_keys']>): EntityKeyRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  entityType: row.entity_type,
  entityId: row.entity_id,
  wrapped: row.wrapped,
  createdAt: row.created_at,
})

const entityKeyById = keptQuery((sql, of: { tenantId: string; id: string }) =>
  sql.selectFrom('entity_keys').selectAll().where('tenant_id', '=', of.tenantId).where('id', '=', of.id),
)
const entityKeyInForce = keptQuery((sql, of: { tenantId: string; entityType: EntityType; entityId: string }) =>
  sql
    .selectFrom('entity_keys')
    .selectAll()
    .where('tenant_id', '=', of.tenantId)
    .where('entity_type', '=', of.entityType)
    .where('entity_id', '=', of.entityId)
    .where('destroyed_at', 'is', null),
)

/** Wrapped keys of tenants and of what belongs to them. Rows are added if absent: whoever adds reads again what is there. */
export const keyTable = (sql: Sql) => ({
  async findTenantKey(tenantId: string): Promise<TenantKeyRow | null> {
    const row = await sql.selectFrom('tenant_keys').selectAll().where('tenant_id', '=', tenantId).executeTakeFirst()
    return row ? toTenantKey(row) : null
  },
  /** Ordered by tenant, those after `after`. */
  async tenantKeys(after: string, limit: number): Promise<TenantKeyRow[]> {
    const rows = await sql.selectFrom('tenant_keys').selectAll().where('tenant_id', '>', after).orderBy('tenant_id').limit(limit).execute()
    return rows.map(toTenantKey)
  },
  /** Does nothing where the tenant has a key. */
  async addTenantKey(row: TenantKeyRow): Promise<void> {
    await sql
      .insertInto('tenant_keys')
      .values({ tenant_id: row.tenantId, key_id: row.keyId, wrapped: row.wrapped, created_at: row.createdAt })
      .onConflict((conflict) => conflict.column('tenant_id').doNothing())
      .execute()
  },
  /** Puts another wrap of the same key in place, unless someone else did since `keyId` was read. */
  async rewrapTenantKey(row: TenantKeyRow, wrap: { keyId: string; bytes: Uint8Array }): Promise<void> {
    await sql
      .updateTable('tenant_keys')
      .set({ key_id: wrap.keyId, wrapped: wrap.bytes })
      .where('tenant_id', '=', row.tenantId)
      .where('key_id', '=', row.keyId)
      .execute()
  },
  async findEntityKey(tenantId: string, id: string): Promise<EntityKeyRow | null> {
    const [row] = (await entityKeyById(sql, { tenantId, id })).rows
    return row ? toEntityKey(row) : null
  },
  /** The key in force, if there is one. */
  async findKeyOf(entity: { tenantId: string; entityType: EntityType; entityId: string }): Promise<EntityKeyRow | null> {
    const [row] = (await entityKeyInForce(sql, entity)).rows
    return row ? toEntityKey(row) : null
  },
  /** Does nothing where the entity has a key in force. */
  async addEntityKey(row: EntityKeyRow & { readonly wrapped: Uint8Array }): Promise<void> {
    await sql
      .insertInto('entity_keys')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        entity_type: row.entityType,
        entity_id: row.entityId,
        wrapped: row.wrapped,
        created_at: row.createdAt,
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'entity_type', 'entity_id']).where('destroyed_at', 'is', null).doNothing())
      .execute()
  },
})
