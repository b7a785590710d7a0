import type { StorageRole } from '@holdfast/api'
import type { Sql } from './database.ts'
import { keptQuery } from './kept-query.ts'

export type RoleBindingRow = { readonly role: StorageRole; readonly targetId: string; readonly boundAt: number; readonly staged: boolean }

const byRole = keptQuery((sql, of: { tenantId: string; role: StorageRole }) =>
  sql.selectFrom('role_bindings').selectAll().where('tenant_id', '=', of.tenantId).where('role', '=', of.role),
)

export const roleBindingTable = (sql: Sql) => ({
  async find(tenantId: string, role: StorageRole): Promise<RoleBindingRow | null> {
    const [row] = (await byRole(sql, { tenantId, role })).rows
    return row ? { role: row.role, targetId: row.target_id, boundAt: row.bound_at, staged: row.staged === 1 } : null
  },
  async list(tenantId: string): Promise<RoleBindingRow[]> {
    const rows = await sql.selectFrom('role_bindings').selectAll().where('tenant_id', '=', tenantId).execute()
    return rows.map((row) => ({ role: row.role, targetId: row.target_id, boundAt: row.bound_at, staged: row.staged === 1 }))
  },
  async bind(tenantId: string, binding: RoleBindingRow): Promise<void> {
    const change = { target_id: binding.targetId, bound_at: binding.boundAt, staged: binding.staged ? (1 as const) : (0 as const) }
    await sql
      .insertInto('role_bindings')
      .values({ tenant_id: tenantId, role: binding.role, ...change })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'role']).doUpdateSet(change))
      .execute()
  },
  async unbind(tenantId: string, role: StorageRole): Promise<void> {
    await sql.deleteFrom('role_bindings').where('tenant_id', '=', tenantId).where('role', '=', role).execute()
  },
})
