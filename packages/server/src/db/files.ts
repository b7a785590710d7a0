import type { FileStatus, RetentionName } from '@holdfast/api'
import { sql as raw } from 'kysely'
import { statesBefore } from '../core/file-states.ts'
import type { Sql } from './database.ts'
import { filePages } from './file-pages.ts'
import {
  type FileAtTarget,
  type FileChange,
  type FileFilter,
  type FileRow,
  type FileView,
  fileColumns,
  type SeenObject,
  stored,
  storedChange,
  typedFile,
} from './file-rows.ts'
import { isNotHeld, typedView, views } from './file-views.ts'
import { keptQuery } from './kept-query.ts'
import { rowInsert } from './row-insert.ts'

const insertFile = rowInsert('files')

type Of = { tenantId: string; fileId: string }
const viewById = keptQuery((sql, of: Of) =>
  views(sql).where('files.tenant_id', '=', of.tenantId).where('files.id', '=', of.fileId).where('files.deleted_at', 'is', null),
)
const atTargetById = keptQuery((sql, of: Of) =>
  sql
    .selectFrom('files')
    .innerJoin('targets', 'targets.id', 'files.target_id')
    .select(fileColumns)
    .select(['targets.name as targetName', 'targets.kind as targetKind', 'targets.removed_at as targetRemovedAt'])
    .where('files.tenant_id', '=', of.tenantId)
    .where('files.id', '=', of.fileId)
    .where('files.deleted_at', 'is', null),
)
const rowById = keptQuery((sql, of: Of) =>
  sql.selectFrom('files').select(fileColumns).where('tenant_id', '=', of.tenantId).where('id', '=', of.fileId),
)

/** Files of all tenants; every question that comes from a person names the tenant, and another tenant's file is not found. */
export const fileTable = (sql: Sql) => ({
  /** Null for deleted files too. */
  async find(tenantId: string, fileId: string): Promise<FileView | null> {
    const [row] = (await viewById(sql, { tenantId, fileId })).rows
    return row ? typedView(row) : null
  },

  /** As `find`, for those that want the bytes: it reads nothing of uploads, holds and where the object is going. */
  async findAtTarget(tenantId: string, fileId: string): Promise<FileAtTarget | null> {
    const [row] = (await atTargetById(sql, { tenantId, fileId })).rows
    return row ? typedFile(row) : null
  },

  /** Also the tombstone of a deleted file. */
  async findAny(tenantId: string, fileId: string): Promise<FileRow | null> {
    const [row] = (await rowById(sql, { tenantId, fileId })).rows
    return row ? typedFile(row) : null
  },

  /** Newest first: those with an id below `before`. */
  async list(filter: FileFilter, page: { before: string | null; limit: number }): Promise<FileView[]> {
    let query = views(sql).where('files.tenant_id', '=', filter.tenantId).where('files.deleted_at', 'is', null)
    if (filter.caseId !== undefined) query = query.where('files.case_id', '=', filter.caseId)
    if (filter.itemId !== undefined) query = query.where('files.item_id', filter.itemId === null ? 'is' : '=', filter.itemId)
    if (filter.tier !== undefined) query = query.where('files.tier', '=', filter.tier)
    if (filter.status !== undefined) query = query.where('files.status', '=', filter.status)
    if (page.before !== null) query = query.where('files.id', '<', page.before)
    // As text, so that PostgreSQL knows how few rows are wanted when it plans for any values and keeps that plan.
    return (await query.orderBy('files.id', 'desc').limit(raw.lit(page.limit)).execute()).map(typedView)
  },

  async insert(row: FileRow): Promise<void> {
    await insertFile(sql, stored(row))
  },

  /**
   * False, and nothing changed, where the file is in no state that leads to `to`, or not there; for DAMAGED also where its object
   * has moved away from `targetId`, since what was read there says nothing of it any more; and for DELETED where a legal hold covers it.
   */
  async become(file: { tenantId: string; id: string; targetId?: string }, to: FileStatus, change: FileChange = {}): Promise<boolean> {
    let update = sql
      .updateTable('files')
      .set((eb) => ({ status: to, version: eb('version', '+', 1), ...storedChange(change) }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('status', 'in', [...statesBefore(to)])
      .where('deleted_at', 'is', null)
    if (to === 'DELETED') update = update.where(isNotHeld)
    if (to === 'DAMAGED' && file.targetId !== undefined) update = update.where('target_id', '=', file.targetId)
    const result = await update.executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** What an answer shows of the file changed elsewhere. */
  async bump(file: { tenantId: string; id: string }): Promise<void> {
    await sql
      .updateTable('files')
      .set((eb) => ({ version: eb('version', '+', 1) }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .execute()
  },

  /** The object does not count any more: another has taken its place. */
  async supersede(
    file: { tenantId: string; id: string },
    change: { by: string; retention: RetentionName; expiresAt: number | null },
  ): Promise<void> {
    await sql
      .updateTable('files')
      .set((eb) => ({
        is_current: 0 as const,
        superseded_by: change.by,
        retention: change.retention,
        expires_at: change.expiresAt,
        version: eb('version', '+', 1),
      }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('is_current', '=', 1)
      .execute()
  },

  /** The object of a READY file is at another target from now on. DatabaseConflict where its key is another file's there. False where the file is not READY at `from` any more. */
  async moveTo(file: { tenantId: string; id: string }, change: { from: string; to: string; seen: SeenObject }): Promise<boolean> {
    const result = await sql
      .updateTable('files')
      .set((eb) => ({
        target_id: change.to,
        ...storedChange(change.seen),
        version: eb('version', '+', 1),
        sync_target_id: eb.case().when('sync_target_id', '=', change.to).then(null).else(eb.ref('sync_target_id')).end(),
      }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('target_id', '=', change.from)
      .where('status', '=', 'READY')
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** The file no longer waits for a sync; answers what was reserved for it there, or null where it did not wait. */
  async giveUpSync(file: { tenantId: string; id: string }): Promise<{ targetId: string; bytes: number } | null> {
    const row = await sql
      .selectFrom('files')
      .select(['sync_target_id', 'object_size'])
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('sync_target_id', 'is not', null)
      .executeTakeFirst()
    if (!row?.sync_target_id) return null
    await sql.updateTable('files').set({ sync_target_id: null }).where('tenant_id', '=', file.tenantId).where('id', '=', file.id).execute()
    return { targetId: row.sync_target_id, bytes: row.object_size }
  },

  /** Keeps the digest that the sender declared, before the first one is kept. */
  async declare(file: { tenantId: string; id: string }, sha256: string): Promise<void> {
    await sql
      .updateTable('files')
      .set({ declared_sha256: sha256 })
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('declared_sha256', 'is', null)
      .execute()
  },

  /** Notes another successful verification of a READY file. */
  async markVerified(file: { tenantId: string; id: string }, at: number): Promise<void> {
    await sql
      .updateTable('files')
      .set({ verified_at: at })
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('status', '=', 'READY')
      .execute()
  },

  async markPurged(file: { tenantId: string; id: string }, at: number): Promise<void> {
    await sql
      .updateTable('files')
      .set({ purged_at: at })
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('purged_at', 'is', null)
      .execute()
  },

  /** The file whose object lies, or will or may still lie, under this key at the target: no other may use it until that is purged. */
  async findHolder(targetId: string, objectKey: string): Promise<FileRow | null> {
    const row = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('target_id', '=', targetId)
      .where('object_key', '=', objectKey)
      .where('purged_at', 'is', null)
      .executeTakeFirst()
    return row ? typedFile(row) : null
  },

  /** The row that names this object; null where nothing does. */
  async findByKey(tenantId: string, objectKey: string): Promise<FileRow | null> {
    const row = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', tenantId)
      .where('object_key', '=', objectKey)
      .executeTakeFirst()
    return row ? typedFile(row) : null
  },

  ...filePages(sql),
})

export type FileTable = ReturnType<typeof fileTable>
