import type { Selectable } from 'kysely'
import type { NamedClass } from '../core/object-classes.ts'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

export type ObjectClassRow = NamedClass & {
  readonly id: string
  readonly tenantId: string
  readonly createdBy: string
  readonly createdAt: number
  readonly version: number
}

const toClass = (row: Selectable<Schema['object_classes']>): ObjectClassRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  description: row.description,
  contentTypes: JSON.parse(row.content_types) as string[],
  maxBytes: row.max_bytes,
  retention: row.retention as NamedClass['retention'],
  replaceable: row.replaceable === 1,
  tier: row.tier,
  malware: row.malware,
  createdBy: row.created_by,
  createdAt: row.created_at,
  version: row.version,
})

const fromPolicy = (row: NamedClass) => ({
  description: row.description,
  content_types: JSON.stringify(row.contentTypes),
  max_bytes: row.maxBytes,
  retention: row.retention,
  replaceable: row.replaceable ? (1 as const) : (0 as const),
  tier: row.tier,
  malware: row.malware,
})

/** Object classes that tenants made themselves. */
export const objectClassTable = (sql: Sql) => ({
  async find(tenantId: string, name: string): Promise<ObjectClassRow | null> {
    const query = sql.selectFrom('object_classes').selectAll().where('tenant_id', '=', tenantId).where('name', '=', name)
    const row = await query.executeTakeFirst()
    return row ? toClass(row) : null
  },
  /** By name, after the name `after`. */
  async list(tenantId: string, page: { limit: number; after: string | null }): Promise<ObjectClassRow[]> {
    let query = sql.selectFrom('object_classes').selectAll().where('tenant_id', '=', tenantId)
    if (page.after !== null) query = query.where('name', '>', page.after)
    return (await query.orderBy('name').limit(page.limit).execute()).map(toClass)
  },
  async count(tenantId: string): Promise<number> {
    const row = await sql
      .selectFrom('object_classes')
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .where('tenant_id', '=', tenantId)
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },
  /** Breaks `object_classes_tenant_id_name` where the name is taken. */
  async insert(row: ObjectClassRow): Promise<void> {
    const { id, tenantId: tenant_id, name, createdBy: created_by, createdAt: created_at, version } = row
    await sql
      .insertInto('object_classes')
      .values({ id, tenant_id, name, ...fromPolicy(row), created_by, created_at, version })
      .execute()
  },
  async update(row: ObjectClassRow): Promise<void> {
    await sql
      .updateTable('object_classes')
      .set({ ...fromPolicy(row), version: row.version })
      .where('tenant_id', '=', row.tenantId)
      .where('id', '=', row.id)
      .execute()
  },
  async delete(tenantId: string, id: string): Promise<void> {
    await sql.deleteFrom('object_classes').where('tenant_id', '=', tenantId).where('id', '=', id).execute()
  },
})

export type ObjectClassTable = ReturnType<typeof objectClassTable>
