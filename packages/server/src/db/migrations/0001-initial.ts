import { audit } from './0001/audit.ts'
import { identity } from './0001/identity.ts'
import { records } from './0001/records.ts'
import { work } from './0001/work.ts'
import type { Migration } from './migration.ts'

/** Every table of the first release. A unique constraint is named table_columns, see `UniqueConstraint` in schema.ts. */
export const initial: Migration = {
  name: '0001-initial',
  statements: (words) => [...identity(words), ...records(words), ...work(words), ...audit(words)],
}
