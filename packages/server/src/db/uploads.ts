import type { PartReceipt } from '../storage/target.ts'
import type { Sql } from './database.ts'

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
}

/** An upload with what parts and answers need of its file. */
export type UploadView = UploadRow & {
  caseId: string | null
  itemId: string | null
  name: string
  targetId: string
  objectKey: string
  objectSize: number
  entityKeyId: string | null
  wrappedKey: Uint8Array | null
}

/** One client part that is stored and durable. */
export type StoredPart = {
  number: number
  size: number
  /** Of the plaintext, hex. */
  sha256: string
  /** SHA-256 over IV and tag of each sealed segment, hex: names the very bytes that this receipt is for. */
  seals: string
  receipts: readonly PartReceipt[]
  storedAt: number
}

type PartPlace = { uploadId: string; number: number }

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
] as const

const viewColumns = [
  ...columns,
  'files.case_id as caseId',
  'files.item_id as itemId',
  'files.name',
  'files.target_id as targetId',
  'files.object_key as objectKey',
  'files.object_size as objectSize',
  'files.entity_key_id as entityKeyId',
  'files.wrapped_key as wrappedKey',
] as const

const views = (sql: Sql) => sql.selectFrom('uploads').innerJoin('files', 'files.id', 'uploads.file_id').select(viewColumns)

export const uploadTable = (sql: Sql) => ({
  async find(tenantId: string, uploadId: string): Promise<UploadView | null> {
    const row = await views(sql).where('uploads.tenant_id', '=', tenantId).where('uploads.id', '=', uploadId).executeTakeFirst()
    return row ?? null
  },

  async findOfFile(tenantId: string, fileId: string): Promise<UploadView | null> {
    const row = await views(sql).where('uploads.tenant_id', '=', tenantId).where('uploads.file_id', '=', fileId).executeTakeFirst()
    return row ?? null
  },

  async insert(row: UploadRow): Promise<void> {
    await sql
      .insertInto('uploads')
      .values({
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
      })
      .execute()
  },

  /** Uploads of one person that are open or completing. */
  async countRunning(tenantId: string, actorId: string): Promise<number> {
    const row = await sql
      .selectFrom('uploads')
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .where('tenant_id', '=', tenantId)
      .where('actor_id', '=', actorId)
      .where('status', 'in', ['open', 'completing'])
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },

  /** Open and completing uploads, newest first. */
  async listRunning(
    filter: { tenantId: string; caseId?: string | undefined },
    page: { before: string | null; limit: number },
  ): Promise<UploadView[]> {
    let query = views(sql).where('uploads.tenant_id', '=', filter.tenantId).where('uploads.status', 'in', ['open', 'completing'])
    if (filter.caseId !== undefined) query = query.where('files.case_id', '=', filter.caseId)
    if (page.before !== null) query = query.where('uploads.id', '<', page.before)
    return query.orderBy('uploads.id', 'desc').limit(page.limit).execute()
  },

  /** Open and completing uploads of one case or item. */
  async runningOfOwner(owner: { tenantId: string; caseId: string; itemId?: string }, limit: number): Promise<UploadView[]> {
    let query = views(sql)
      .where('uploads.tenant_id', '=', owner.tenantId)
      .where('uploads.status', 'in', ['open', 'completing'])
      .where('files.case_id', '=', owner.caseId)
    if (owner.itemId !== undefined) query = query.where('files.item_id', '=', owner.itemId)
    return query.orderBy('uploads.id').limit(limit).execute()
  },

  /** Uploads of any tenant in `status` that nothing has touched since `before`, by id. */
  async pageUntouched(status: 'open' | 'completing', before: number, page: { after: string; limit: number }): Promise<UploadView[]> {
    return views(sql)
      .where('uploads.status', '=', status)
      .where('uploads.touched_at', '<', before)
      .where('uploads.id', '>', page.after)
      .orderBy('uploads.id')
      .limit(page.limit)
      .execute()
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

  /** Keeps the id of the driver's write. False where the upload has one already or is not open. */
  async setWrite(uploadId: string, writeId: string): Promise<boolean> {
    const result = await sql
      .updateTable('uploads')
      .set({ write_id: writeId })
      .where('id', '=', uploadId)
      .where('write_id', 'is', null)
      .where('status', '=', 'open')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Whether the sweep has to leave this write alone. */
  async isWriteRunning(writeId: string): Promise<boolean> {
    const row = await sql
      .selectFrom('uploads')
      .select('id')
      .where('write_id', '=', writeId)
      .where('status', 'in', ['open', 'completing'])
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

  /** Pushes the expiry of an open upload. */
  async touch(uploadId: string, at: number, expiresAt: number): Promise<void> {
    await sql
      .updateTable('uploads')
      .set({ touched_at: at, expires_at: expiresAt })
      .where('id', '=', uploadId)
      .where('status', '=', 'open')
      .execute()
  },

  ...partQueries(sql),
})

const partQueries = (sql: Sql) => ({
  /**
   * Gives the part to the attempt `claim` and drops its receipt: from here on the stored bytes may change under it.
   * False where the upload is not open. In a transaction.
   */
  async claimPart(place: PartPlace, claim: string, size: number): Promise<boolean> {
    const open = await sql
      .selectFrom('uploads')
      .select('id')
      .where('id', '=', place.uploadId)
      .where('status', '=', 'open')
      .executeTakeFirst()
    if (!open) return false
    const empty = { claim, size, sha256: null, seals: null, receipts: null, stored_at: null }
    await sql
      .insertInto('upload_parts')
      .values({ upload_id: place.uploadId, number: place.number, ...empty })
      .onConflict((conflict) => conflict.columns(['upload_id', 'number']).doUpdateSet(empty))
      .execute()
    return true
  },

  /** Whether `claim` still has the part and the upload is still open. */
  async hasClaim(place: PartPlace, claim: string): Promise<boolean> {
    const row = await sql
      .selectFrom('upload_parts')
      .innerJoin('uploads', 'uploads.id', 'upload_parts.upload_id')
      .select('upload_parts.number')
      .where('upload_parts.upload_id', '=', place.uploadId)
      .where('upload_parts.number', '=', place.number)
      .where('upload_parts.claim', '=', claim)
      .where('uploads.status', '=', 'open')
      .executeTakeFirst()
    return row !== undefined
  },

  /** Records the receipt. False where another attempt has taken the part since. In a transaction that checks the upload is open. */
  async storePart(place: PartPlace, claim: string, part: Omit<StoredPart, 'number'>): Promise<boolean> {
    const result = await sql
      .updateTable('upload_parts')
      .set({
        size: part.size,
        sha256: part.sha256,
        seals: part.seals,
        receipts: JSON.stringify(part.receipts),
        stored_at: part.storedAt,
      })
      .where('upload_id', '=', place.uploadId)
      .where('number', '=', place.number)
      .where('claim', '=', claim)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Stored parts in order of number; claimed ones that are not stored yet are left out. */
  async parts(uploadId: string): Promise<StoredPart[]> {
    const rows = await sql
      .selectFrom('upload_parts')
      .select(['number', 'size', 'sha256', 'seals', 'receipts', 'stored_at as storedAt'])
      .where('upload_id', '=', uploadId)
      .where('stored_at', 'is not', null)
      .orderBy('number')
      .execute()
    return rows.map((row) => ({
      number: row.number,
      size: row.size,
      sha256: row.sha256 ?? '',
      seals: row.seals ?? '',
      receipts: JSON.parse(row.receipts ?? '[]') as PartReceipt[],
      storedAt: row.storedAt ?? 0,
    }))
  },

  /** The stored part, or null where it is not stored. */
  async findPart(place: PartPlace): Promise<Pick<StoredPart, 'number' | 'size' | 'sha256' | 'storedAt'> | null> {
    const row = await sql
      .selectFrom('upload_parts')
      .select(['number', 'size', 'sha256', 'stored_at as storedAt'])
      .where('upload_id', '=', place.uploadId)
      .where('number', '=', place.number)
      .executeTakeFirst()
    return row && row.sha256 !== null && row.storedAt !== null ? { ...row, sha256: row.sha256, storedAt: row.storedAt } : null
  },

  async deleteParts(uploadId: string): Promise<void> {
    await sql.deleteFrom('upload_parts').where('upload_id', '=', uploadId).execute()
  },
})

export type UploadTable = ReturnType<typeof uploadTable>
