import { sql as raw } from 'kysely'
import { statesBefore } from '../core/file-states.ts'
import type { Sql } from './database.ts'
import { type FileRow, fileColumns, typedFile } from './file-rows.ts'
import { isHeld } from './hold-cover.ts'

const isExpirable = raw<boolean>`expires_at is not null and deleted_at is null
  and status in ('READY', 'DAMAGED', 'REJECTED', 'FAILED') and not ${isHeld}`

/** Files whose retention lets go of them, a group at a time (O8). */
export const expiredFileTable = (sql: Sql) => ({
  /**
   * Files that expired at or before `now` and that nothing holds, of all tenants, those that expired first come first; those after `after`.
   * Files whose bytes still arrive or are being verified are not among them.
   */
  async page(now: number, after: { expiresAt: number; id: string } | null, limit: number): Promise<FileRow[]> {
    let query = sql.selectFrom('files').select(fileColumns).where(isExpirable).where('expires_at', '<=', now)
    if (after !== null) query = query.where(raw<boolean>`(expires_at, id) > (${after.expiresAt}, ${after.id})`)
    return (await query.orderBy('expires_at').orderBy('id').limit(limit).execute()).map(typedFile)
  },

  /** Those of `files` that are so still, as they are now. */
  async still(files: readonly { id: string }[], now: number): Promise<FileRow[]> {
    if (files.length === 0) return []
    const ids = files.map(({ id }) => id)
    const query = sql.selectFrom('files').select(fileColumns).where('id', 'in', ids).where(isExpirable).where('expires_at', '<=', now)
    return (await query.orderBy('id').execute()).map(typedFile)
  },

  /** Makes those of `files` that `still` would answer into tombstones without a key; answers their ids. */
  async bury(files: readonly { id: string }[], now: number): Promise<Set<string>> {
    if (files.length === 0) return new Set()
    const ids = files.map(({ id }) => id)
    const rows = await sql
      .updateTable('files')
      .set((eb) => ({ status: 'DELETED', deleted_at: now, wrapped_key: null, version: eb('version', '+', 1) }))
      .where('id', 'in', ids)
      .where('status', 'in', [...statesBefore('DELETED')])
      .where(isExpirable)
      .where('expires_at', '<=', now)
      .returning('id')
      .execute()
    return new Set(rows.map(({ id }) => id))
  },

  /** Of those of a tenant's files that a bucket has granted a URL for their bytes: until when it holds. */
  async urlsGranted(tenantId: string, fileIds: readonly string[]): Promise<Map<string, number | null>> {
    if (fileIds.length === 0) return new Map()
    const rows = await sql
      .selectFrom('uploads')
      .select(['file_id as fileId', 'url_expires_at as until'])
      .where('tenant_id', '=', tenantId)
      .where('file_id', 'in', [...fileIds])
      .where('delivery', '=', 'presigned')
      .execute()
    return new Map(rows.map(({ fileId, until }) => [fileId, until]))
  },
})

export type ExpiredFileTable = ReturnType<typeof expiredFileTable>
