import type { Migration } from './migration.ts'
import { heldToTenant, heldToTenantOrSystem } from './tenant-policy.ts'

const tables = [
  ...['memberships', 'api_tokens', 'tenant_keys', 'entity_keys', 'targets', 'role_bindings', 'cases', 'items', 'files', 'uploads'],
  ...['object_classes', 'idempotency_keys', 'audit_entries', 'migrations', 'moves', 'syncs', 'holds', 'webhook_endpoints'],
  ...['webhook_deliveries', 'evidence_assets', 'evidence_intents', 'evidence_links', 'reconciliations'],
]

const policies = (): string[] => [
  ...tables.flatMap((table) => heldToTenant(table)),
  ...heldToTenant('tenants', 'id'),
  ...heldToTenantOrSystem('jobs'),
]

/**
 * PostgreSQL holds tenants apart by itself (O6): a statement reaches the rows of the tenant that `holdfast.tenant` names, all where that is
 * `*`, none where it is not set. `force`, since the role that connects owns the tables.
 */
export const tenantRows: Migration = {
  name: '0013-tenant-rows',
  statements: ({ kind }) => (kind === 'postgres' ? policies() : []),
}
