import type { Words } from '../migration.ts'

/** The log. It refers to nothing by foreign key, since it outlives what it tells of. */
export const audit = (t: Words): string[] => [
  `create table audit_entries (
    id ${t.id} not null, leaf_index ${t.int}, leaf_hash ${t.bytes}, tenant_id ${t.id} not null, at ${t.int} not null,
    action ${t.id} not null, result ${t.id} not null, actor_kind ${t.id} not null, actor_id ${t.id} not null,
    actor_name ${t.text} not null, request_id ${t.id}, case_id ${t.id}, item_id ${t.id}, file_id ${t.id}, details ${t.text} not null,
    salt ${t.bytes} not null, redaction ${t.text},
    constraint audit_entries_id primary key (id),
    constraint audit_entries_leaf check ((leaf_index is null) = (leaf_hash is null))) ${t.table}`,
  `create unique index audit_entries_leaf_index on audit_entries (leaf_index) where leaf_index is not null`,
  `create index audit_entries_unsequenced on audit_entries (id) where leaf_index is null`,
  `create index audit_entries_by_leaf on audit_entries (leaf_hash) where leaf_hash is not null`,
  `create index audit_entries_by_tenant on audit_entries (tenant_id, id)`,
  `create index audit_entries_by_time on audit_entries (tenant_id, at, id)`,
  `create index audit_entries_by_action on audit_entries (tenant_id, action, id)`,
  `create index audit_entries_by_result on audit_entries (tenant_id, result, id)`,
  `create index audit_entries_by_actor on audit_entries (tenant_id, actor_id, id)`,
  `create index audit_entries_by_case on audit_entries (tenant_id, case_id, id) where case_id is not null`,
  `create index audit_entries_by_file on audit_entries (tenant_id, file_id, id) where file_id is not null`,
  `create table audit_nodes (
    level ${t.int} not null, idx ${t.int} not null, hash ${t.bytes} not null,
    constraint audit_nodes_level_idx primary key (level, idx)) ${t.keyed}`,
  `create table audit_checkpoints (
    size ${t.int} not null, root ${t.bytes} not null, note ${t.text} not null, at ${t.int} not null,
    constraint audit_checkpoints_size primary key (size)) ${t.table}`,
]
