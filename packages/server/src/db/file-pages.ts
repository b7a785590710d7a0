import type { FileStatus } from '@holdfast/api'
import { sql as raw } from 'kysely'
import { statesWithObject } from '../core/file-states.ts'
import type { Sql } from './database.ts'
import { type FileRow, fileColumns, typedFile } from './file-rows.ts'
import { isHeld } from './hold-cover.ts'

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isToPurge = raw<boolean>`purged_at is null and status in ('DELETED', 'FAILED')`

/** Pages of files by id for jobs, sweeps and checks, and sums over all of them: of all tenants where none is named. */
export const filePages = (sql: Sql) => ({
  /** Bytes that are reserved at each target for files that are still staged elsewhere. */
  async reservedForSync(): Promise<Map<string, number>> {
    const rows = await sql
      .selectFrom('files')
      .select((eb) => ['sync_target_id as targetId', eb.fn.sum<number | string>('object_size').as('bytes')])
      .where('sync_target_id', 'is not', null)
      .groupBy('sync_target_id')
      .execute()
    return new Map(rows.map((row) => [row.targetId ?? '', Number(row.bytes)]))
  },

  /** Stored files of a target by id: what a migration has to move. */
  async pageOfTarget(place: { tenantId: string; targetId: string }, after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', place.tenantId)
      .where('target_id', '=', place.targetId)
      .where('status', '=', 'READY')
      .where('deleted_at', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  /** How many stored files a target has, and their bytes. */
  async countOfTarget(place: { tenantId: string; targetId: string }): Promise<{ files: number; bytes: number }> {
    const row = await sql
      .selectFrom('files')
      .select((eb) => [eb.fn.countAll<number | string>().as('files'), eb.fn.sum<number | string | null>('object_size').as('bytes')])
      .where('tenant_id', '=', place.tenantId)
      .where('target_id', '=', place.targetId)
      .where('status', '=', 'READY')
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow()
    return { files: Number(row.files), bytes: Number(row.bytes ?? 0) }
  },

  /** READY files that still lie where they were staged and whose target is in use, of all tenants, by id. */
  async pageToSync(after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .innerJoin('targets', 'targets.id', 'files.sync_target_id')
      .select(fileColumns)
      .where('files.sync_target_id', 'is not', null)
      .where('targets.removed_at', 'is', null)
      .where('files.status', '=', 'READY')
      .where('files.deleted_at', 'is', null)
      .where('files.id', '>', after)
      .orderBy('files.id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  /** All files of all tenants by id, tombstones among them: for check and sweep. */
  async pageOfAll(after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql.selectFrom('files').select(fileColumns).where('id', '>', after).orderBy('id').limit(limit).execute()
    return rows.map(typedFile)
  },

  /** Files that are deleted or failed and whose object has not been seen to be gone; a failed one under a legal hold keeps it. */
  async pageToPurge(after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('id', '>', after)
      .where(isToPurge)
      .where(raw<boolean>`(status = 'DELETED' or not ${isHeld})`)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  async pageByStatus(status: FileStatus, after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('status', '=', status)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  /** Live files of a case, or of one item, by id. */
  async pageOfOwner(owner: { tenantId: string; caseId: string; itemId?: string }, after: string, limit: number): Promise<FileRow[]> {
    let query = sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', owner.tenantId)
      .where('case_id', '=', owner.caseId)
      .where('deleted_at', 'is', null)
      .where('id', '>', after)
    if (owner.itemId !== undefined) query = query.where('item_id', '=', owner.itemId)
    return (await query.orderBy('id').limit(limit).execute()).map(typedFile)
  },

  /** Bytes that the objects of live files take at each target: what `used_bytes` has to say. */
  async usageByTarget(): Promise<Map<string, number>> {
    const rows = await sql
      .selectFrom('files')
      .select((eb) => ['target_id as targetId', eb.fn.sum<number | string>('object_size').as('bytes')])
      .where('status', 'in', [...statesWithObject])
      .where('deleted_at', 'is', null)
      .groupBy('target_id')
      .execute()
    return new Map(rows.map((row) => [row.targetId, Number(row.bytes)]))
  },
})
