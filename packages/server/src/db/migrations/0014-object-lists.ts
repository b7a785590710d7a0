import type { Migration } from './migration.ts'

/**
 * A list of objects under any of its filters together: without an index for just these, a page of what few or none pass looks at all that
 * pass one of them.
 */
export const objectLists: Migration = {
  name: '0014-object-lists',
  statements: () =>
    [
      ['files_by_class_status', 'object_class, status'],
      ['files_by_class_current', 'object_class, is_current'],
      ['files_by_status_current', 'status, is_current'],
      ['files_by_class_status_current', 'object_class, status, is_current'],
    ].map(([name, columns]) => `create index ${name} on files (tenant_id, ${columns}, id) where tier = 'object' and deleted_at is null`),
}
