import type { Migration } from './migration.ts'

/**
 * Moves of objects between targets: one row a file and attempt, below a migration (R5) or, without one, on its way from where it was
 * staged (S3). A row outlives its move: it is the report, and the record of what is still to be removed at the old target.
 */
export const moves: Migration = {
  name: '0002-moves',
  statements: (t) => [
    `create table migrations (
      id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), from_target_id ${t.id} not null, to_target_id ${t.id} not null,
      status ${t.id} not null, files_total ${t.int} not null, bytes_total ${t.int} not null, created_by ${t.text} not null,
      created_at ${t.int} not null, finished_at ${t.int}, version ${t.int} not null,
      constraint migrations_id primary key (id),
      constraint migrations_from foreign key (tenant_id, from_target_id) references targets (tenant_id, id),
      constraint migrations_to foreign key (tenant_id, to_target_id) references targets (tenant_id, id)) ${t.table}`,
    `create unique index migrations_tenant_id_id on migrations (tenant_id, id)`,
    `create unique index migrations_from_target_id on migrations (from_target_id) where status in ('running', 'paused')`,
    `create table moves (
      id ${t.id} not null, tenant_id ${t.id} not null, migration_id ${t.id}, file_id ${t.id} not null, object_key ${t.text} not null,
      from_target_id ${t.id} not null, to_target_id ${t.id} not null, bytes ${t.int} not null, status ${t.id} not null, write_id ${t.text},
      copied_bytes ${t.int} not null, receipts ${t.text} not null, sha256 ${t.id}, error ${t.text}, created_at ${t.int} not null,
      finished_at ${t.int}, purged_at ${t.int},
      constraint moves_id primary key (id),
      constraint moves_migration foreign key (tenant_id, migration_id) references migrations (tenant_id, id)) ${t.table}`,
    `create unique index moves_file_id on moves (file_id) where status = 'copying'`,
    `create index moves_by_migration on moves (tenant_id, migration_id, id)`,
    `create index moves_by_file on moves (tenant_id, file_id, id)`,
    `create index moves_to_purge on moves (id) where status <> 'copying' and purged_at is null`,
    `create index moves_copying on moves (id) where status = 'copying'`,
    `alter table role_bindings add column staged ${t.flag} not null default 0`,
    `alter table files add column sync_target_id ${t.id}`,
    `create index files_to_sync on files (id) where sync_target_id is not null`,
  ],
}
