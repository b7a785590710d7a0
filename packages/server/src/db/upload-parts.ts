import type { PartReceipt } from '../storage/target.ts'
import type { Sql } from './database.ts'
import type { UploadStatus } from './uploads.ts'

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

export type PartPlace = { uploadId: string; number: number }

/** Part of `uploadTable`. */
export const uploadPartQueries = (sql: Sql) => ({
  /**
   * Gives the part to the attempt `claim` and drops its receipt: from here on the stored bytes may change under it.
   * In a transaction that has found the upload open.
   */
  async claimPart(place: PartPlace, taken: { claim: string; size: number; at: number }): Promise<void> {
    const { claim, size, at } = taken
    const empty = { claim, size, sha256: null, seals: null, receipts: null, stored_at: null, claimed_at: at }
    await sql
      .insertInto('upload_parts')
      .values({ upload_id: place.uploadId, number: place.number, ...empty })
      .onConflict((conflict) => conflict.columns(['upload_id', 'number']).doUpdateSet(empty))
      .execute()
  },

  /** Notes when the attempt `claim` was last seen to write, or null that it has ended. Nothing changes once the part is stored or another's. */
  async noteClaim(place: PartPlace, claim: string, at: number | null): Promise<void> {
    await sql
      .updateTable('upload_parts')
      .set({ claimed_at: at })
      .where('upload_id', '=', place.uploadId)
      .where('number', '=', place.number)
      .where('claim', '=', claim)
      .where('stored_at', 'is', null)
      .execute()
  },

  /** Parts of direct uploads that attempts at any instance are writing, as far as they were heard of since `since`. */
  async countLiveClaims(since: number): Promise<number> {
    const row = await sql
      .selectFrom('upload_parts')
      .innerJoin('uploads', 'uploads.id', 'upload_parts.upload_id')
      .innerJoin('files', 'files.id', 'uploads.file_id')
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .where('upload_parts.stored_at', 'is', null)
      .where('upload_parts.claimed_at', '>', since)
      .where('uploads.status', '=', 'open')
      .where('files.tier', '=', 'direct')
      .executeTakeFirstOrThrow()
    return Number(row.count)
  },

  /** The upload's status, and the attempt that has the part or null where none has claimed or stored it. Null without the upload. */
  async partOwner(place: PartPlace): Promise<{ status: UploadStatus; claim: string | null; writeId: string | null } | null> {
    const row = await sql
      .selectFrom('uploads')
      .leftJoin('upload_parts', (join) =>
        join.onRef('upload_parts.upload_id', '=', 'uploads.id').on('upload_parts.number', '=', place.number),
      )
      .select(['uploads.status', 'upload_parts.claim', 'uploads.write_id as writeId'])
      .where('uploads.id', '=', place.uploadId)
      .executeTakeFirst()
    return row ?? null
  },

  /**
   * Records the receipt of the attempt `claim`: over its claim, or as a new row where no attempt has claimed or stored the part.
   * False where another attempt has it. In a transaction that has found the upload open.
   */
  async storePart(place: PartPlace, claim: string, part: Omit<StoredPart, 'number'>): Promise<boolean> {
    const stored = {
      size: part.size,
      sha256: part.sha256,
      seals: part.seals,
      receipts: JSON.stringify(part.receipts),
      stored_at: part.storedAt,
    }
    const result = await sql
      .insertInto('upload_parts')
      .values({ upload_id: place.uploadId, number: place.number, claim, ...stored })
      .onConflict((conflict) => conflict.columns(['upload_id', 'number']).doUpdateSet(stored).where('upload_parts.claim', '=', claim))
      .executeTakeFirst()
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
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

  async deletePart(place: PartPlace): Promise<void> {
    await sql.deleteFrom('upload_parts').where('upload_id', '=', place.uploadId).where('number', '=', place.number).execute()
  },

  async deleteParts(uploadId: string): Promise<void> {
    await sql.deleteFrom('upload_parts').where('upload_id', '=', uploadId).execute()
  },
})
