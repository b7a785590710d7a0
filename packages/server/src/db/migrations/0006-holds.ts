import type { Migration } from './migration.ts'

/**
 * Legal holds (O10). A hold is in force while `released_at` is null; released ones stay as the record. The partial indexes answer for each
 * file of a list whether something holds it. `lock_state` and the counts tell of the hold on the objects themselves, where a target has
 * Object Lock.
 */
export const holds: Migration = {
  name: '0006-holds',
  statements: (t) => [
    `create table holds (
      id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), scope ${t.id} not null, file_id ${t.id}, case_id ${t.id},
      owner_type ${t.id}, owner_id ${t.id}, subject ${t.text} not null, reason ${t.text} not null,
      placed_by_id ${t.text} not null, placed_by ${t.text} not null, placed_at ${t.int} not null,
      released_by_id ${t.text}, released_by ${t.text}, released_at ${t.int}, release_reason ${t.text},
      lock_state ${t.id} not null, locked_objects ${t.int} not null, failed_objects ${t.int} not null, lock_error ${t.text},
      constraint holds_id primary key (id),
      constraint holds_file foreign key (tenant_id, file_id) references files (tenant_id, id),
      constraint holds_case foreign key (tenant_id, case_id) references cases (tenant_id, id),
      constraint holds_scope check (
        (scope = 'file' and file_id is not null and case_id is null and owner_id is null) or
        (scope = 'case' and file_id is null and case_id is not null and owner_id is null) or
        (scope = 'owner' and file_id is null and case_id is null and owner_type is not null and owner_id is not null)),
      constraint holds_released check ((released_at is null) = (release_reason is null))) ${t.table}`,
    `create unique index holds_tenant_id_id on holds (tenant_id, id)`,
    `create index holds_of_file on holds (tenant_id, file_id) where released_at is null and file_id is not null`,
    `create index holds_of_case on holds (tenant_id, case_id) where released_at is null and case_id is not null`,
    `create index holds_of_owner on holds (tenant_id, owner_type, owner_id) where released_at is null and owner_id is not null`,
  ],
}
