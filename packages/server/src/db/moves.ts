import { sql as raw } from 'kysely'
import type { PartReceipt } from '../storage/target.ts'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

export type MoveStatus = Schema['moves']['status']

/** One object on its way from one target to another. */
export type MoveRow = {
  id: string
  tenantId: string
  /** Null where a staged file goes to its target. */
  migrationId: string | null
  fileId: string
  objectKey: string
  fromTargetId: string
  toTargetId: string
  bytes: number
  status: MoveStatus
  writeId: string | null
  copiedBytes: number
  receipts: readonly PartReceipt[]
  /** Of the stored bytes, hex; set once both copies were read and found equal. */
  sha256: string | null
  error: string | null
  createdAt: number
  finishedAt: number | null
  /** When what the move left behind was seen to be gone: the old object, or the copy where the move did not succeed. */
  purgedAt: number | null
  /** The copy is being, or was, put under its key, where nothing lay before: what lies there is the copy. */
  committing: boolean
}

/** With what names its file to people. */
export type MoveView = MoveRow & { fileName: string; caseId: string | null; itemId: string | null }

type Row = { [Column in keyof Schema['moves']]: Schema['moves'][Column] }

const toMove = (row: Row): MoveRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  migrationId: row.migration_id,
  fileId: row.file_id,
  objectKey: row.object_key,
  fromTargetId: row.from_target_id,
  toTargetId: row.to_target_id,
  bytes: row.bytes,
  status: row.status,
  writeId: row.write_id,
  copiedBytes: row.copied_bytes,
  receipts: JSON.parse(row.receipts) as PartReceipt[],
  sha256: row.sha256,
  error: row.error,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
  purgedAt: row.purged_at,
  committing: row.committing === 1,
})

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isToPurge = raw<boolean>`status <> 'copying' and purged_at is null`

/** The target at which an ended move has left what nothing needs any more. */
export const leftoverTarget = (move: MoveRow): string => (move.status === 'moved' ? move.fromTargetId : move.toTargetId)

export type MoveEnd = { status: 'moved' | 'failed' | 'skipped'; sha256: string | null; error: string | null; at: number }

export const moveTable = (sql: Sql) => ({
  async insert(
    move: Pick<MoveRow, 'id' | 'tenantId' | 'migrationId' | 'fileId' | 'objectKey' | 'fromTargetId' | 'toTargetId' | 'bytes' | 'createdAt'>,
  ): Promise<void> {
    await sql
      .insertInto('moves')
      .values({
        id: move.id,
        tenant_id: move.tenantId,
        migration_id: move.migrationId,
        file_id: move.fileId,
        object_key: move.objectKey,
        from_target_id: move.fromTargetId,
        to_target_id: move.toTargetId,
        bytes: move.bytes,
        status: 'copying',
        write_id: null,
        copied_bytes: 0,
        receipts: '[]',
        sha256: null,
        error: null,
        created_at: move.createdAt,
        finished_at: null,
        purged_at: null,
        committing: 0,
      })
      .execute()
  },

  async find(id: string): Promise<MoveRow | null> {
    const row = await sql.selectFrom('moves').selectAll().where('id', '=', id).executeTakeFirst()
    return row ? toMove(row) : null
  },

  /** The move of this file that is under way; a file has at most one. */
  async findCopying(fileId: string): Promise<MoveRow | null> {
    const row = await sql.selectFrom('moves').selectAll().where('file_id', '=', fileId).where('status', '=', 'copying').executeTakeFirst()
    return row ? toMove(row) : null
  },

  /** Keeps how far the copy is. False where the move has ended meanwhile. */
  async keep(id: string, copy: { writeId: string | null; copiedBytes: number; receipts: readonly PartReceipt[] }): Promise<boolean> {
    const result = await sql
      .updateTable('moves')
      .set({ write_id: copy.writeId, copied_bytes: copy.copiedBytes, receipts: JSON.stringify(copy.receipts) })
      .where('id', '=', id)
      .where('status', '=', 'copying')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Notes whether the copy is being put under its key. False where the move has ended meanwhile. */
  async noteCommitting(id: string, committing: boolean): Promise<boolean> {
    const result = await sql
      .updateTable('moves')
      .set({ committing: committing ? 1 : 0 })
      .where('id', '=', id)
      .where('status', '=', 'copying')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Whether a write at `targetId` that began at `startedAt` could be that of a copy of this object, give or take `slack`. */
  async hasBegunWrite(of: { tenantId: string; targetId: string; objectKey: string; startedAt: number; slack: number }): Promise<boolean> {
    const row = await sql
      .selectFrom('moves')
      .select('id')
      .where('tenant_id', '=', of.tenantId)
      .where('to_target_id', '=', of.targetId)
      .where('object_key', '=', of.objectKey)
      .where('created_at', '<=', of.startedAt + of.slack)
      .where((is) => is.or([is('finished_at', 'is', null), is('finished_at', '>=', of.startedAt - of.slack)]))
      .executeTakeFirst()
    return row !== undefined
  },

  /** Ends the move. False where it has ended before. */
  async end(id: string, end: MoveEnd): Promise<boolean> {
    const result = await sql
      .updateTable('moves')
      .set({ status: end.status, sha256: end.sha256, error: end.error, finished_at: end.at, receipts: '[]' })
      .where('id', '=', id)
      .where('status', '=', 'copying')
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  async markPurged(id: string, at: number): Promise<void> {
    await sql.updateTable('moves').set({ purged_at: at }).where('id', '=', id).where('purged_at', 'is', null).execute()
  },

  /** Of a file, oldest first. */
  async ofFile(tenantId: string, fileId: string): Promise<MoveRow[]> {
    const rows = await sql
      .selectFrom('moves')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('file_id', '=', fileId)
      .orderBy('id')
      .execute()
    return rows.map(toMove)
  },

  /** Of a migration, newest first: those with an id below `before`. */
  async list(
    place: { tenantId: string; migrationId: string; status?: MoveStatus | undefined },
    page: { before: string | null; limit: number },
  ): Promise<MoveView[]> {
    let query = sql
      .selectFrom('moves')
      .innerJoin('files', 'files.id', 'moves.file_id')
      .selectAll('moves')
      .select(['files.name', 'files.case_id', 'files.item_id'])
      .where('moves.tenant_id', '=', place.tenantId)
      .where('moves.migration_id', '=', place.migrationId)
    if (place.status !== undefined) query = query.where('moves.status', '=', place.status)
    if (page.before !== null) query = query.where('moves.id', '<', page.before)
    const rows = await query.orderBy('moves.id', 'desc').limit(page.limit).execute()
    return rows.map((row) => ({ ...toMove(row), fileName: row.name, caseId: row.case_id, itemId: row.item_id }))
  },

  /** Files and bytes of a migration by how their move ended. */
  async totals(migrationId: string): Promise<Map<MoveStatus, { files: number; bytes: number }>> {
    const rows = await sql
      .selectFrom('moves')
      .select((eb) => ['status', eb.fn.countAll<number | string>().as('files'), eb.fn.sum<number | string>('bytes').as('bytes')])
      .where('migration_id', '=', migrationId)
      .groupBy('status')
      .execute()
    return new Map(rows.map((row) => [row.status, { files: Number(row.files), bytes: Number(row.bytes) }]))
  },

  /** The latest move of a file in this migration; null where it was not tried yet. */
  async findOfMigration(migrationId: string, fileId: string): Promise<MoveRow | null> {
    const row = await sql
      .selectFrom('moves')
      .selectAll()
      .where('migration_id', '=', migrationId)
      .where('file_id', '=', fileId)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row ? toMove(row) : null
  },

  /** Moves under way, by id; of one migration, or of all. */
  async pageCopying(place: { migrationId?: string }, after: string, limit: number): Promise<MoveRow[]> {
    let query = sql.selectFrom('moves').selectAll().where('status', '=', 'copying').where('id', '>', after)
    if (place.migrationId !== undefined) query = query.where('migration_id', '=', place.migrationId)
    return (await query.orderBy('id').limit(limit).execute()).map(toMove)
  },

  /** Whether an earlier move of the file has something at `targetId` that is still to be removed. */
  async hasLeftover(fileId: string, targetId: string): Promise<boolean> {
    const rows = await sql.selectFrom('moves').selectAll().where('file_id', '=', fileId).where(isToPurge).execute()
    return rows.map(toMove).some((move) => leftoverTarget(move) === targetId)
  },

  /** Moves that left something behind which has not been seen to be gone, by id. */
  async pageToPurge(after: string, limit: number): Promise<MoveRow[]> {
    const rows = await sql.selectFrom('moves').selectAll().where('id', '>', after).where(isToPurge).orderBy('id').limit(limit).execute()
    return rows.map(toMove)
  },

  /** Whether a move is under way with this write at a target. */
  async isWriteRunning(writeId: string): Promise<boolean> {
    const row = await sql
      .selectFrom('moves')
      .select('id')
      .where('status', '=', 'copying')
      .where('write_id', '=', writeId)
      .executeTakeFirst()
    return row !== undefined
  },

  /** Bytes that moves under way have reserved at each target. */
  async reservedByTarget(): Promise<Map<string, number>> {
    const rows = await sql
      .selectFrom('moves')
      .select((eb) => ['to_target_id as targetId', eb.fn.sum<number | string>('bytes').as('bytes')])
      .where('status', '=', 'copying')
      // What a sync needs is reserved by its file.
      .where('migration_id', 'is not', null)
      .groupBy('to_target_id')
      .execute()
    return new Map(rows.map((row) => [row.targetId, Number(row.bytes)]))
  },
})

export type MoveTable = ReturnType<typeof moveTable>
