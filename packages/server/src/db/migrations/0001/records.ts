import type { Words } from '../migration.ts'

/**
 * Targets, cases, items and files. A row that names another names its tenant with it, so that the database itself
 * refuses a link into another tenant. Every list has an index that ends in the time-ordered id: pages are keyset pages.
 */
export const records = (t: Words): string[] => [...targets(t), ...cases(t), ...files(t)]

const targets = (t: Words): string[] => [
  `create table targets (
    id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), name ${t.text} not null, kind ${t.id} not null,
    place ${t.text} not null, credentials ${t.bytes}, builtin ${t.flag} not null, quota_bytes ${t.int},
    used_bytes ${t.int} not null, reserved_bytes ${t.int} not null, last_test_at ${t.int}, last_test_ok ${t.flag},
    last_pass_at ${t.int}, created_at ${t.int} not null, removed_at ${t.int}, version ${t.int} not null,
    constraint targets_id primary key (id),
    constraint targets_usage check (used_bytes >= 0 and reserved_bytes >= 0)) ${t.table}`,
  `create unique index targets_tenant_id_id on targets (tenant_id, id)`,
  `create table role_bindings (
    tenant_id ${t.id} not null, role ${t.id} not null, target_id ${t.id} not null, bound_at ${t.int} not null,
    constraint role_bindings_tenant_id_role primary key (tenant_id, role),
    constraint role_bindings_target foreign key (tenant_id, target_id) references targets (tenant_id, id)) ${t.keyed}`,
  `create index role_bindings_by_target on role_bindings (tenant_id, target_id)`,
]

const cases = (t: Words): string[] => [
  `create table cases (
    id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), number ${t.id} not null, title ${t.text} not null,
    description ${t.text} not null, created_by ${t.id} not null, created_at ${t.int} not null, deleted_at ${t.int},
    version ${t.int} not null,
    constraint cases_id primary key (id)) ${t.table}`,
  `create unique index cases_tenant_id_id on cases (tenant_id, id)`,
  `create unique index cases_tenant_id_number on cases (tenant_id, number)`,
  `create table items (
    id ${t.id} not null, tenant_id ${t.id} not null, case_id ${t.id} not null, label ${t.id} not null, title ${t.text} not null,
    created_by ${t.id} not null, created_at ${t.int} not null, deleted_at ${t.int}, version ${t.int} not null,
    constraint items_id primary key (id),
    constraint items_case foreign key (tenant_id, case_id) references cases (tenant_id, id)) ${t.table}`,
  `create unique index items_tenant_id_id on items (tenant_id, id)`,
  `create index items_by_case on items (tenant_id, case_id, id)`,
  `create unique index items_case_id_label on items (case_id, label) where deleted_at is null`,
]

const files = (t: Words): string[] => [
  `create table files (
    id ${t.id} not null, tenant_id ${t.id} not null, case_id ${t.id}, item_id ${t.id}, tier ${t.id} not null, name ${t.text} not null,
    content_type ${t.text} not null, size ${t.int} not null, status ${t.id} not null, status_reason ${t.text},
    target_id ${t.id} not null, object_key ${t.id} not null, object_size ${t.int} not null, container ${t.id},
    entity_key_id ${t.id} references entity_keys (id), wrapped_key ${t.bytes}, sha256 ${t.id}, declared_sha256 ${t.id},
    verified_at ${t.int}, uploaded_by ${t.id} not null, created_at ${t.int} not null, ready_at ${t.int}, deleted_at ${t.int},
    purged_at ${t.int}, version ${t.int} not null,
    constraint files_id primary key (id),
    constraint files_tenant foreign key (tenant_id) references tenants (id),
    constraint files_target foreign key (tenant_id, target_id) references targets (tenant_id, id),
    constraint files_case foreign key (tenant_id, case_id) references cases (tenant_id, id),
    constraint files_item foreign key (tenant_id, item_id) references items (tenant_id, id),
    constraint files_size check (size >= 0 and object_size >= 0)) ${t.table}`,
  `create unique index files_tenant_id_id on files (tenant_id, id)`,
  `create unique index files_tenant_id_object_key on files (tenant_id, object_key)`,
  `create index files_by_case on files (tenant_id, case_id, id)`,
  `create index files_by_item on files (tenant_id, item_id, id) where item_id is not null`,
  `create index files_by_status on files (tenant_id, status, id)`,
  `create index files_by_target on files (tenant_id, target_id, id)`,
  `create index files_to_purge on files (id) where purged_at is null and status in ('DELETED', 'FAILED')`,
  `create index files_by_entity_key on files (entity_key_id) where entity_key_id is not null`,
  `create table uploads (
    id ${t.id} not null, tenant_id ${t.id} not null, file_id ${t.id} not null, actor_id ${t.id} not null, status ${t.id} not null,
    size ${t.int} not null, part_size ${t.int} not null, part_count ${t.int} not null, write_id ${t.text},
    header ${t.bytes} not null, created_at ${t.int} not null, touched_at ${t.int} not null, expires_at ${t.int} not null,
    constraint uploads_id primary key (id),
    constraint uploads_file foreign key (tenant_id, file_id) references files (tenant_id, id)) ${t.table}`,
  `create unique index uploads_tenant_id_id on uploads (tenant_id, id)`,
  `create unique index uploads_tenant_id_file_id on uploads (tenant_id, file_id)`,
  `create index uploads_by_actor on uploads (tenant_id, actor_id, status)`,
  `create index uploads_by_expiry on uploads (status, expires_at, id)`,
  `create index uploads_by_write on uploads (write_id) where write_id is not null`,
  `create table upload_parts (
    upload_id ${t.id} not null references uploads (id) on delete cascade, number ${t.int} not null, claim ${t.id} not null,
    size ${t.int} not null, sha256 ${t.id}, seals ${t.id}, receipts ${t.text}, stored_at ${t.int},
    constraint upload_parts_upload_id_number primary key (upload_id, number)) ${t.keyed}`,
]
