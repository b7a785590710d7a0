import type { RoleName } from '@holdfast/api'
import type { Sql } from './database.ts'

export type TenantRow = { readonly id: string; readonly slug: string; readonly name: string; readonly createdAt: number }
export type MembershipRow = { readonly tenantId: string; readonly userId: string; readonly role: RoleName; readonly createdAt: number }
export type MemberRow = MembershipRow & { readonly name: string; readonly email: string }

export const tenantTable = (sql: Sql) => ({
  async find(id: string): Promise<TenantRow | null> {
    const row = await sql.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst()
    return row ? { id: row.id, slug: row.slug, name: row.name, createdAt: row.created_at } : null
  },
  /** The oldest tenant, or null on a fresh database. */
  async findFirst(): Promise<TenantRow | null> {
    const row = await sql.selectFrom('tenants').selectAll().orderBy('id').limit(1).executeTakeFirst()
    return row ? { id: row.id, slug: row.slug, name: row.name, createdAt: row.created_at } : null
  },
  /** All of them by id. */
  async page(after: string, limit: number): Promise<TenantRow[]> {
    const rows = await sql.selectFrom('tenants').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute()
    return rows.map((row) => ({ id: row.id, slug: row.slug, name: row.name, createdAt: row.created_at }))
  },
  /** Rejects with `DatabaseConflict` 'tenants_slug' where the slug is taken. */
  async insert(tenant: TenantRow): Promise<void> {
    const { id, slug, name, createdAt } = tenant
    await sql.insertInto('tenants').values({ id, slug, name, created_at: createdAt }).execute()
  },
})

const members = (sql: Sql) =>
  sql
    .selectFrom('memberships')
    .innerJoin('user', 'user.id', 'memberships.user_id')
    .select([
      'memberships.tenant_id as tenantId',
      'memberships.user_id as userId',
      'memberships.role as role',
      'memberships.created_at as createdAt',
      'user.name as name',
      'user.email as email',
    ])

export const membershipTable = (sql: Sql) => ({
  async find(tenantId: string, userId: string): Promise<MemberRow | null> {
    return (await members(sql).where('tenant_id', '=', tenantId).where('user_id', '=', userId).executeTakeFirst()) ?? null
  },
  /** The user's oldest membership, or null: such a user may not enter. */
  async findOfUser(userId: string): Promise<MemberRow | null> {
    return (await members(sql).where('user_id', '=', userId).orderBy('created_at').orderBy('tenant_id').limit(1).executeTakeFirst()) ?? null
  },
  /** In the order of user ids, those after `after`. */
  async list(tenantId: string, page: { limit: number; after: string | null }): Promise<MemberRow[]> {
    let query = members(sql).where('tenant_id', '=', tenantId).orderBy('user_id').limit(page.limit)
    if (page.after !== null) query = query.where('user_id', '>', page.after)
    return query.execute()
  },
  /** Whether anybody at all can sign in. */
  async any(): Promise<boolean> {
    return (await sql.selectFrom('memberships').select('user_id').limit(1).executeTakeFirst()) !== undefined
  },
  async countAdmins(tenantId: string): Promise<number> {
    const row = await sql
      .selectFrom('memberships')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('tenant_id', '=', tenantId)
      .where('role', '=', 'admin')
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },
  /** Rejects with `DatabaseConflict` where the user is a member already. */
  async insert(row: MembershipRow): Promise<void> {
    await sql
      .insertInto('memberships')
      .values({ tenant_id: row.tenantId, user_id: row.userId, role: row.role, created_at: row.createdAt })
      .execute()
  },
  async setRole(tenantId: string, userId: string, role: RoleName): Promise<void> {
    await sql.updateTable('memberships').set({ role }).where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute()
  },
  async delete(tenantId: string, userId: string): Promise<void> {
    await sql.deleteFrom('memberships').where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute()
  },
})
