import type { Migration } from './migration.ts'

/**
 * What a Sync found in its scope, for as long as it runs: the listing is complete in here before anything is compared, whatever order
 * the storage lists in.
 */
export const syncObjects: Migration = {
  name: '0007-sync-objects',
  statements: (t) => [
    `create table sync_objects (
      sync_id ${t.id} not null references syncs (id), object_key ${t.id} not null, name ${t.text} not null,
      size ${t.int} not null, modified_at ${t.int} not null, etag ${t.id},
      constraint sync_objects_sync_id_object_key primary key (sync_id, object_key)) ${t.keyed}`,
    `create index syncs_running on syncs (id) where status = 'running'`,
    `create index files_by_scope on files (tenant_id, case_id, item_id, object_key) where tier = 'direct'`,
  ],
}
