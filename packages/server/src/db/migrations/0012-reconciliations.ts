import type { Migration } from './migration.ts'

/**
 * Reconciliations of a target with its records, as their reports, and what each has found. `modified_at` says how an object looked when it
 * was found; `outcome` what became of one that was to be removed.
 */
export const reconciliations: Migration = {
  name: '0012-reconciliations',
  statements: (t) => [
    `create table reconciliations (
      id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), target_id ${t.id} not null, status ${t.id} not null,
      report ${t.text} not null, error ${t.text}, started_by ${t.text} not null, created_at ${t.int} not null, reported_at ${t.int},
      finished_at ${t.int},
      constraint reconciliations_id primary key (id),
      constraint reconciliations_target foreign key (tenant_id, target_id) references targets (tenant_id, id)) ${t.table}`,
    `create index reconciliations_by_target on reconciliations (tenant_id, target_id, id)`,
    `create index reconciliations_running on reconciliations (id) where status in ('reporting', 'applying')`,
    `create table reconciliation_findings (
      id ${t.id} not null, reconciliation_id ${t.id} not null references reconciliations (id), kind ${t.id} not null,
      object_key ${t.text} not null, file_id ${t.id}, file_name ${t.text}, size ${t.int} not null, modified_at ${t.int},
      reason ${t.text} not null, outcome ${t.id}, outcome_reason ${t.text},
      constraint reconciliation_findings_id primary key (id)) ${t.table}`,
    `create index reconciliation_findings_by_kind on reconciliation_findings (reconciliation_id, kind, id)`,
  ],
}
