/** The subquery is run once a statement, not once a row; a `case` lets the planner take no index for useless, as an `or` would. */
const scope = `(select current_setting('holdfast.tenant', true))`

const held = (table: string, rule: string): string[] => [
  `alter table ${table} enable row level security`,
  `alter table ${table} force row level security`,
  `create policy ${table}_of_tenant on ${table} using (${rule})`,
]

/**
 * Holds a table to the tenant that `holdfast.tenant` names: for PostgreSQL, in the migration that makes a table with a tenant. Part of the
 * checksums of migrations, so never changed.
 */
export const heldToTenant = (table: string, column = 'tenant_id'): string[] =>
  held(table, `case ${scope} when '*' then true when ${column} then true else false end`)

/** As `heldToTenant`; rows without a tenant are the system's, and each tenant sees those, too. */
export const heldToTenantOrSystem = (table: string): string[] =>
  held(table, `case ${scope} when '*' then true when '' then false when coalesce(tenant_id, ${scope}) then true else false end`)
