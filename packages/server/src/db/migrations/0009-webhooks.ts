import type { Migration } from './migration.ts'

/**
 * Webhooks (O15): where a tenant wants to hear of its files, what is to be told, and each attempt to tell it. The secret is sealed.
 * A deleted endpoint keeps its deliveries, as the record, until they are old. An attempt has no number twice.
 */
export const webhooks: Migration = {
  name: '0009-webhooks',
  statements: (t) => [
    `create table webhook_endpoints (
      id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), url ${t.text} not null, description ${t.text} not null,
      event_types ${t.text} not null, enabled ${t.flag} not null, disabled_reason ${t.text}, secret ${t.bytes}, previous_until ${t.int},
      failing_since ${t.int}, created_by ${t.text} not null, created_at ${t.int} not null, deleted_at ${t.int}, version ${t.int} not null,
      constraint webhook_endpoints_id primary key (id)) ${t.table}`,
    `create unique index webhook_endpoints_tenant_id_id on webhook_endpoints (tenant_id, id)`,
    `create index webhook_endpoints_enabled on webhook_endpoints (tenant_id) where enabled = 1 and deleted_at is null`,
    `create table webhook_deliveries (
      id ${t.id} not null, tenant_id ${t.id} not null, endpoint_id ${t.id} not null, event_type ${t.id} not null, file_id ${t.id},
      payload ${t.text} not null, status ${t.id} not null, attempts ${t.int} not null, response_status ${t.int}, duration_ms ${t.int},
      error ${t.text}, next_attempt_at ${t.int}, created_at ${t.int} not null, finished_at ${t.int},
      constraint webhook_deliveries_id primary key (id),
      constraint webhook_deliveries_endpoint foreign key (tenant_id, endpoint_id) references webhook_endpoints (tenant_id, id)) ${t.table}`,
    `create unique index webhook_deliveries_tenant_id_id on webhook_deliveries (tenant_id, id)`,
    `create index webhook_deliveries_by_endpoint on webhook_deliveries (tenant_id, endpoint_id, id)`,
    `create index webhook_deliveries_pending on webhook_deliveries (id) where status = 'pending'`,
    `create index webhook_deliveries_finished on webhook_deliveries (finished_at) where finished_at is not null`,
    `create table webhook_attempts (
      delivery_id ${t.id} not null references webhook_deliveries (id) on delete cascade, number ${t.int} not null, at ${t.int} not null,
      by_hand ${t.flag} not null, response_status ${t.int}, duration_ms ${t.int} not null, error ${t.text},
      constraint webhook_attempts_delivery_id_number primary key (delivery_id, number)) ${t.keyed}`,
  ],
}
