import type { Migration } from './migration.ts'

/**
 * Copies of direct files: at their new target others may have an object of the same name. `committing` says that the copy is being put
 * under its key, where nothing lay before, so that what lies there afterwards is the copy.
 */
export const directMoves: Migration = {
  name: '0008-direct-moves',
  statements: (t) => [`alter table moves add column committing ${t.flag} not null default 0`],
}
