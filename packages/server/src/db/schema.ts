import type { AccessTables } from './schema-access.ts'
import type { FileTables } from './schema-files.ts'
import type { StorageTables } from './schema-storage.ts'
import type { WorkTables } from './schema-work.ts'

// The tables, as Kysely sees them on both databases. Columns are snake_case; times are milliseconds since the epoch,
// sizes are bytes, both as 8-byte integers that arrive as JavaScript numbers; booleans are 0 or 1; JSON is text; ids are UUID text.

export interface Schema extends AccessTables, StorageTables, FileTables, WorkTables {}

/** Unique constraints, named alike on both databases: the table, then its columns. `DatabaseConflict.constraint` is one of these. */
export type UniqueConstraint =
  | 'tenants_slug'
  | 'memberships_tenant_id_user_id'
  | 'api_tokens_hash'
  | 'idempotency_keys_tenant_id_key_route'
  | 'tenant_keys_tenant_id'
  | 'entity_keys_tenant_id_entity_type_entity_id'
  | 'role_bindings_tenant_id_role'
  | 'targets_tenant_id_location'
  | 'cases_tenant_id_number'
  | 'cases_tenant_id_folded_number'
  | 'items_case_id_label'
  | 'files_tenant_id_object_key'
  | 'files_target_id_object_key'
  | 'files_sole_current'
  | 'object_classes_tenant_id_name'
  | 'uploads_tenant_id_file_id'
  | 'upload_parts_upload_id_number'
  | 'jobs_unique_key'
  | 'evidence_assets_tenant_id_id'
  | 'evidence_assets_tenant_id_quarantine_key'
  | 'evidence_assets_tenant_id_final_key'
  | 'evidence_intents_tenant_id_idempotency_key'
  | 'evidence_intents_asset_id'
  | 'evidence_links_sole'
  | 'migrations_from_target_id'
  | 'moves_file_id'
  | 'audit_entries_leaf_index'
  | 'audit_nodes_level_idx'
  | 'audit_checkpoints_size'
  | 'user_email'
  | `${keyof Schema}_id`
