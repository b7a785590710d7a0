import type { Tier } from '@holdfast/api'
import type { ObjectPolicy } from '../core/object-classes.ts'
import type { Sql } from './database.ts'
import { keptQuery } from './kept-query.ts'
import { rowInsert } from './row-insert.ts'
import { objectUploadQueries } from './upload-objects.ts'
import { uploadPartQueries } from './upload-parts.ts'

export type UploadStatus = 'open' | 'completing' | 'completed' | 'aborted'

export type UploadRow = {
  id: string
  tenantId: string
  fileId: string
  actorId: string
  status: UploadStatus
  size: number
  partSize: number
  partCount: number
  writeId: string | null
  header: Uint8Array
  createdAt: number
  touchedAt: number
  expiresAt: number
  /** `presigned`: parts go straight to the bucket. */
  delivery: 'server' | 'presigned'
  /** The object class as it was when the upload began; null for uploads to cases. */
  policy: ObjectPolicy | null
  /** The type that the sender declared and that its URL is bound to; null for uploads to cases. */
  contentType: string | null
  urlExpiresAt: number | null
  /** What the sender declared at completion, hex. */
  declaredMd5: string | null
}

/** What the upload of a file of a case does not have. */
export const noPolicy = { policy: null, contentType: null, urlExpiresAt: null, declaredMd5: null } as const satisfies Partial<UploadRow>

/** What an upload on its way to Direct takes: a name, and the key that it will have. */
export type DirectInFlight = { readonly name: string; readonly objectKey: string }

/** An upload with what parts and answers need of its file. */
export type UploadView = UploadRow & {
  caseId: string | null
  itemId: string | null
  ownerType: string | null
  ownerId: string | null
  name: string
  tier: Tier
  targetId: string
  objectKey: string
  objectSize: number
  entityKeyId: string | null
  wrappedKey: Uint8Array | null
}

const columns = [
  'uploads.id',
  'uploads.tenant_id as tenantId',
  'uploads.file_id as fileId',
  'uploads.actor_id as actorId',
  'uploads.status',
  'uploads.size',
  'uploads.part_size as partSize',
  'uploads.part_count as partCount',
  'uploads.write_id as writeId',
  'uploads.header',
  'uploads.created_at as createdAt',
  'uploads.touched_at as touchedAt',
  'uploads.expires_at as expiresAt',
  'uploads.delivery',
  'uploads.policy',
  'uploads.content_type as contentType',
  'uploads.url_expires_at as urlExpiresAt',
  'uploads.declared_md5 as declaredMd5',
] as const

const viewColumns = [
  ...columns,
  'files.case_id as caseId',
  'files.item_id as itemId',
  'files.owner_type as ownerType',
  'files.owner_id as ownerId',
  'files.name',
  'files.tier',
  'files.target_id as targetId',
  'files.object_key as objectKey',
  'files.object_size as objectSize',
  'files.entity_key_id as entityKeyId',
  'files.wrapped_key as wrappedKey',
] as const

const views = (sql: Sql) => sql.selectFrom('uploads').innerJoin('files', 'files.id', 'uploads.file_id').select(viewColumns)

const viewById = keptQuery((sql, of: { tenantId: string; id: string }) =>
  views(sql).where('uploads.tenant_id', '=', of.tenantId).where('uploads.id', '=', of.id),
)
const viewByFile = keptQuery((sql, of: { tenantId: string; fileId: string }) =>
  views(sql).where('uploads.tenant_id', '=', of.tenantId).where('uploads.file_id', '=', of.fileId),
)

const typed = <T extends { policy: string | null }>(row: T) => ({
  ...row,
  policy: row.policy === null ? null : (JSON.parse(row.policy) as ObjectPolicy),
})

const insertUpload = rowInsert('uploads')

export const uploadTable = (sql: Sql) => ({
  async find(tenantId: string, uploadId: string): Promise<UploadView | null> {
    const [row] = (await viewById(sql, { tenantId, id: uploadId })).rows
    return row ? typed(row) : null
  },

  async findOfFile(tenantId: string, fileId: string): Promise<UploadView | null> {
    const [row] = (await viewByFile(sql, { tenantId, fileId })).rows
    return row ? typed(row) : null
  },

  async insert(row: UploadRow): Promise<void> {
    await insertUpload(sql, {
      id: row.id,
      tenant_id: row.tenantId,
      file_id: row.fileId,
      actor_id: row.actorId,
      status: row.status,
      size: row.size,
      part_size: row.partSize,
      part_count: row.partCount,
      write_id: row.writeId,
      header: row.header,
      created_at: row.createdAt,
      touched_at: row.touchedAt,
      expires_at: row.expiresAt,
      delivery: row.delivery,
      policy: row.policy && JSON.stringify(row.policy),
      content_type: row.contentType,
      url_expires_at: row.urlExpiresAt,
      declared_md5: row.declaredMd5,
    })
  },

  /** Uploads of one person in one tier that are open or completing. */
  async countRunning(of: { tenantId: string; actorId: string; tier: Tier }): Promise<number> {
    const row = await sql
      .selectFrom('uploads')
      .innerJoin('files', 'files.id', 'uploads.file_id')
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .where('uploads.tenant_id', '=', of.tenantId)
      .where('uploads.actor_id', '=', of.actorId)
      .where('uploads.status', 'in', ['open', 'completing'])
      .where('files.tier', '=', of.tier)
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },

  /** Open and completing uploads to cases, newest first. */
  async listRunning(
    filter: { tenantId: string; caseId?: string | undefined; actorId?: string | undefined },
    page: { before: string | null; limit: number },
  ): Promise<UploadView[]> {
    let query = views(sql)
      .where('uploads.tenant_id', '=', filter.tenantId)
      .where('uploads.status', 'in', ['open', 'completing'])
      .where('uploads.policy', 'is', null)
    if (filter.caseId !== undefined) query = query.where('files.case_id', '=', filter.caseId)
    if (filter.actorId !== undefined) query = query.where('uploads.actor_id', '=', filter.actorId)
    if (page.before !== null) query = query.where('uploads.id', '<', page.before)
    return (await query.orderBy('uploads.id', 'desc').limit(page.limit).execute()).map(typed)
  },

  /** Open and completing uploads to Direct at one target, into the folder of a case, or of an item. */
  async runningDirect(of: { tenantId: string; caseId: string; itemId: string | null; targetId: string }): Promise<DirectInFlight[]> {
    return sql
      .selectFrom('uploads')
      .innerJoin('files', 'files.id', 'uploads.file_id')
      .select(['files.name', 'files.object_key as objectKey'])
      .where('uploads.tenant_id', '=', of.tenantId)
      .where('uploads.status', 'in', ['open', 'completing'])
      .where('files.case_id', '=', of.caseId)
      .where('files.item_id', of.itemId === null ? 'is' : '=', of.itemId)
      .where('files.target_id', '=', of.targetId)
      .where('files.tier', '=', 'direct')
      .execute()
  },

  /** Open and completing uploads of one case or item. */
  async runningOfOwner(owner: { tenantId: string; caseId: string; itemId?: string }, limit: number): Promise<UploadView[]> {
    let query = views(sql)
      .where('uploads.tenant_id', '=', owner.tenantId)
      .where('uploads.status', 'in', ['open', 'completing'])
      .where('files.case_id', '=', owner.caseId)
    if (owner.itemId !== undefined) query = query.where('files.item_id', '=', owner.itemId)
    return (await query.orderBy('uploads.id').limit(limit).execute()).map(typed)
  },

  /** Uploads of any tenant in `status` that nothing has touched since `before`, by id. */
  async pageUntouched(status: 'open' | 'completing', before: number, page: { after: string; limit: number }): Promise<UploadView[]> {
    const rows = await views(sql)
      .where('uploads.status', '=', status)
      .where('uploads.touched_at', '<', before)
      .where('uploads.id', '>', page.after)
      .orderBy('uploads.id')
      .limit(page.limit)
      .execute()
    return rows.map(typed)
  },

  /** False, and nothing changed, where the upload is not in `from`. Exactly one of several callers gets true. */
  async move(upload: { tenantId: string; id: string }, from: UploadStatus, to: UploadStatus, at: number): Promise<boolean> {
    const result = await sql
      .updateTable('uploads')
      .set({ status: to, touched_at: at })
      .where('tenant_id', '=', upload.tenantId)
      .where('id', '=', upload.id)
      .where('status', '=', from)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Keeps the id of the driver's write, unless the upload has one already; answers the one that holds. */
  async keepWrite(uploadId: string, writeId: string): Promise<string> {
    await sql.updateTable('uploads').set({ write_id: writeId }).where('id', '=', uploadId).where('write_id', 'is', null).execute()
    const row = await sql.selectFrom('uploads').select('write_id').where('id', '=', uploadId).executeTakeFirst()
    return row?.write_id ?? writeId
  },

  /** Whether the sweep has to leave the write of this name alone: that is a write id up to its first '#'. */
  async isWriteRunning(name: string): Promise<boolean> {
    const row = await sql
      .selectFrom('uploads')
      .select('id')
      .where((is) =>
        is.or([is('write_id', '=', name), is(is.fn('substr', ['write_id', is.lit(1), is.val(name.length + 1)]), '=', `${name}#`)]),
      )
      .where('status', 'in', ['open', 'completing'])
      .executeTakeFirst()
    return row !== undefined
  },

  /** Whether a write that began at `startedAt` could be that of an upload to this key, give or take `slack`. */
  async hasBegunWrite(of: { tenantId: string; objectKey: string; startedAt: number; slack: number }): Promise<boolean> {
    const row = await sql
      .selectFrom('uploads')
      .innerJoin('files', 'files.id', 'uploads.file_id')
      .select('uploads.id')
      .where('files.tenant_id', '=', of.tenantId)
      .where('files.object_key', '=', of.objectKey)
      .where('uploads.created_at', '<=', of.startedAt + of.slack)
      .where('uploads.touched_at', '>=', of.startedAt - of.slack)
      .executeTakeFirst()
    return row !== undefined
  },

  /** Bytes reserved at each target by uploads that are open or completing: what `reserved_bytes` has to say. */
  async reservedByTarget(): Promise<Map<string, number>> {
    const rows = await sql
      .selectFrom('uploads')
      .innerJoin('files', 'files.id', 'uploads.file_id')
      .select((eb) => ['files.target_id as targetId', eb.fn.sum<number | string>('files.object_size').as('bytes')])
      .where('uploads.status', 'in', ['open', 'completing'])
      .groupBy('files.target_id')
      .execute()
    return new Map(rows.map((row) => [row.targetId, Number(row.bytes)]))
  },

  /** Pushes the expiry of an open upload; false where it is not open. */
  async touch(uploadId: string, at: number, expiresAt: number): Promise<boolean> {
    const result = await sql
      .updateTable('uploads')
      .set({ touched_at: at, expires_at: expiresAt })
      .where('id', '=', uploadId)
      .where('status', '=', 'open')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  ...uploadPartQueries(sql),
  ...objectUploadQueries(sql),
})

export type UploadTable = ReturnType<typeof uploadTable>
