import { sql as raw } from 'kysely'
import type { Sql } from './database.ts'
import { type AsStored, type FileView, fileColumns, typedFile } from './file-rows.ts'
import { isHeld } from './hold-cover.ts'

// A file as lists and answers show it: with its target, its upload, and whether a legal hold covers it.

const viewColumns = [
  ...fileColumns,
  'targets.name as targetName',
  'targets.kind as targetKind',
  'targets.removed_at as targetRemovedAt',
  'goals.name as syncTargetName',
  'goals.removed_at as syncTargetRemovedAt',
  'uploads.id as uploadId',
] as const

export const typedView = (row: Omit<FileView, keyof AsStored | 'held'> & AsStored & { held: 0 | 1 }): FileView => ({
  ...typedFile(row),
  held: row.held === 1,
})

export const isNotHeld = raw<boolean>`not ${isHeld}`

export const views = (sql: Sql) =>
  sql
    .selectFrom('files')
    .innerJoin('targets', 'targets.id', 'files.target_id')
    .leftJoin('targets as goals', 'goals.id', 'files.sync_target_id')
    .leftJoin('uploads', (join) => join.onRef('uploads.file_id', '=', 'files.id').onRef('uploads.tenant_id', '=', 'files.tenant_id'))
    .select(viewColumns)
    .select(raw<0 | 1>`case when ${isHeld} then 1 else 0 end`.as('held'))
