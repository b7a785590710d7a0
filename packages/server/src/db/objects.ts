import type { FileStatus } from '@holdfast/api'
import { sql as raw } from 'kysely'
import type { Sql } from './database.ts'
import { type AsStored, type FileRow, fileColumns, typedFile } from './file-rows.ts'
import { isHeld, isHeldObject } from './hold-cover.ts'
import { keptQuery } from './kept-query.ts'

export type ObjectFilter = {
  tenantId: string
  ownerType?: string | undefined
  ownerId?: string | undefined
  objectClass?: string | undefined
  isCurrent?: boolean | undefined
  status?: FileStatus | undefined
  /** Whether a legal hold covers it. */
  held?: boolean | undefined
}

/** `held`: a legal hold covers it. */
export type ObjectRow = FileRow & { held: boolean }

export type ObjectOwner = { tenantId: string; ownerType: string; ownerId: string; objectClass: string }

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isLiveObject = raw<boolean>`files.tier = 'object' and files.deleted_at is null`

const views = (sql: Sql) => sql.selectFrom('files').select(fileColumns).select(raw<0 | 1>`case when ${isHeld} then 1 else 0 end`.as('held'))

const viewById = keptQuery((sql, of: { tenantId: string; id: string }) =>
  views(sql).where('files.tenant_id', '=', of.tenantId).where('files.id', '=', of.id).where(isLiveObject),
)

const typedObject = (row: Omit<ObjectRow, keyof AsStored | 'held'> & AsStored & { held: 0 | 1 }): ObjectRow => ({
  ...typedFile(row),
  held: row.held === 1,
})

/** Files of the tier `object`: those that apps store. What all files have in common is in `files`. */
export const objectTable = (sql: Sql) => ({
  /** Null for files of cases and for deleted objects. */
  async find(tenantId: string, id: string): Promise<ObjectRow | null> {
    const [row] = (await viewById(sql, { tenantId, id })).rows
    return row ? typedObject(row) : null
  },

  /** Newest first: those with an id below `before`. */
  async list(filter: ObjectFilter, page: { before: string | null; limit: number }): Promise<ObjectRow[]> {
    let query = views(sql).where('files.tenant_id', '=', filter.tenantId).where(isLiveObject)
    if (filter.ownerType !== undefined) query = query.where('files.owner_type', '=', filter.ownerType)
    if (filter.ownerId !== undefined) query = query.where('files.owner_id', '=', filter.ownerId)
    if (filter.objectClass !== undefined) query = query.where('files.object_class', '=', filter.objectClass)
    if (filter.isCurrent !== undefined) query = query.where('files.is_current', '=', filter.isCurrent ? 1 : 0)
    if (filter.status !== undefined) query = query.where('files.status', '=', filter.status)
    if (filter.held !== undefined) query = query.where(filter.held ? isHeldObject(filter.tenantId) : raw<boolean>`not ${isHeld}`)
    if (page.before !== null) query = query.where('files.id', '<', page.before)
    const rows = await query.orderBy('files.id', 'desc').limit(raw.lit(page.limit)).execute()
    return rows.map(typedObject)
  },

  /** The objects of an owner and class that count now. */
  async current(owner: ObjectOwner): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('files.tenant_id', '=', owner.tenantId)
      .where('files.owner_type', '=', owner.ownerType)
      .where('files.owner_id', '=', owner.ownerId)
      .where('files.object_class', '=', owner.objectClass)
      .where('files.is_current', '=', 1)
      .where(isLiveObject)
      .orderBy('files.id')
      .execute()
    return rows.map(typedFile)
  },
})

export type ObjectTable = ReturnType<typeof objectTable>
