import type { Migration } from './migration.ts'

/**
 * The direct tier: files as others see them on the storage. `hash_state` says what is known of their digest, `object_modified_at` and
 * `object_etag` how the object looked when that was found out. A key may be used again once the object of an earlier file of that name is
 * seen to be gone, and by another target. `syncs` are the reconciliations of one scope, kept as their reports.
 */
export const direct: Migration = {
  name: '0004-direct',
  statements: (t) => [
    `alter table files add column hash_state ${t.id} not null default 'none'`,
    `update files set hash_state = 'computed' where sha256 is not null`,
    `alter table files add column disk_sha256 ${t.id}`,
    `alter table files add column at_rest ${t.id}`,
    `alter table files add column object_etag ${t.text}`,
    `alter table files add column object_modified_at ${t.int}`,
    `alter table files add column discovered ${t.flag} not null default 0`,
    `alter table files add column missing_at ${t.int}`,
    `drop index files_tenant_id_object_key`,
    `create unique index files_tenant_id_object_key on files (tenant_id, object_key) where tier <> 'direct'`,
    `create unique index files_target_id_object_key on files (target_id, object_key) where purged_at is null`,
    `alter table uploads add column delivery ${t.id} not null default 'server'`,
    `alter table upload_parts add column claimed_at ${t.int}`,
    `create index upload_parts_claimed on upload_parts (claimed_at) where stored_at is null`,
    `create table syncs (
      id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), case_id ${t.id} not null, item_id ${t.id},
      target_id ${t.id} not null, mode ${t.id} not null, status ${t.id} not null, allow_removals ${t.flag} not null, report ${t.text} not null,
      error ${t.text}, started_by ${t.text} not null, created_at ${t.int} not null, finished_at ${t.int},
      constraint syncs_id primary key (id),
      constraint syncs_case foreign key (tenant_id, case_id) references cases (tenant_id, id),
      constraint syncs_item foreign key (tenant_id, item_id) references items (tenant_id, id),
      constraint syncs_target foreign key (tenant_id, target_id) references targets (tenant_id, id)) ${t.table}`,
    `create unique index syncs_tenant_id_id on syncs (tenant_id, id)`,
    `create index syncs_by_case on syncs (tenant_id, case_id, id)`,
  ],
}
