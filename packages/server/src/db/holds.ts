import { sql as raw, type Selectable } from 'kysely'
import { statesWithObject } from '../core/file-states.ts'
import type { Sql } from './database.ts'
import { isHeld } from './hold-cover.ts'
import { keptQuery } from './kept-query.ts'
import type { Schema } from './schema.ts'

export type HoldScope = Schema['holds']['scope']
export type LockState = Schema['holds']['lock_state']

/** A legal hold: in force until `releasedAt`. Of the four ids those of its scope are set. */
export type HoldRow = {
  readonly id: string
  readonly tenantId: string
  readonly scope: HoldScope
  readonly fileId: string | null
  readonly caseId: string | null
  readonly ownerType: string | null
  readonly ownerId: string | null
  /** What people call what is held, as it was called then. */
  readonly subject: string
  readonly reason: string
  readonly placedById: string
  readonly placedBy: string
  readonly placedAt: number
  readonly releasedBy: string | null
  readonly releasedAt: number | null
  readonly releaseReason: string | null
  readonly lock: HoldLock
}

/** What a hold can be on, of one file. */
export type HeldPlace = {
  readonly tenantId: string
  readonly id: string
  readonly caseId: string | null
  readonly ownerType: string | null
  readonly ownerId: string | null
}

/** The hold on the objects themselves, where a target has Object Lock. */
export type HoldLock = { readonly state: LockState; readonly locked: number; readonly failed: number; readonly error: string | null }
export const noLockYet: HoldLock = { state: 'pending', locked: 0, failed: 0, error: null }

export type HoldFilter = {
  readonly active?: boolean | undefined
  /** All that cover the file. */
  readonly fileId?: string | undefined
  /** Those on the case and on files in it. */
  readonly caseId?: string | undefined
  readonly ownerType?: string | undefined
  readonly ownerId?: string | undefined
}

/** A stored object that a hold covers or covered; `held`: by any hold in force. */
export type CoveredObject = { id: string; tenantId: string; targetId: string; objectKey: string; held: boolean }

const toHold = (row: Selectable<Schema['holds']>): HoldRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  scope: row.scope,
  fileId: row.file_id,
  caseId: row.case_id,
  ownerType: row.owner_type,
  ownerId: row.owner_id,
  subject: row.subject,
  reason: row.reason,
  placedById: row.placed_by_id,
  placedBy: row.placed_by,
  placedAt: row.placed_at,
  releasedBy: row.released_by,
  releasedAt: row.released_at,
  releaseReason: row.release_reason,
  lock: { state: row.lock_state, locked: row.locked_objects, failed: row.failed_objects, error: row.lock_error },
})

const objects = (sql: Sql) =>
  sql
    .selectFrom('files')
    .select(['files.id', 'files.tenant_id as tenantId', 'files.target_id as targetId', 'files.object_key as objectKey'])
    .select(raw<0 | 1>`case when ${isHeld} then 1 else 0 end`.as('held'))
    .where('files.status', 'in', [...statesWithObject])
    .where('files.deleted_at', 'is', null)

const toObject = (row: Omit<CoveredObject, 'held'> & { held: 0 | 1 }): CoveredObject => ({ ...row, held: row.held === 1 })

/** Whether the hold at hand is on the file at hand, in force or not. */
const covers = raw<boolean>`(holds.file_id = files.id or holds.case_id = files.case_id
  or (holds.owner_type = files.owner_type and holds.owner_id = files.owner_id))`

/** One look into each of the partial indexes. */
const isOn = keptQuery((sql, of: HeldPlace) =>
  sql.selectNoFrom((eb) => {
    const inForce = eb.selectFrom('holds').select('id').where('tenant_id', '=', of.tenantId).where('released_at', 'is', null)
    const onOwner = inForce.where('owner_type', '=', of.ownerType).where('owner_id', '=', of.ownerId)
    const on = [inForce.where('file_id', '=', of.id), inForce.where('case_id', '=', of.caseId), onOwner]
    return eb
      .case()
      .when(eb.or(on.map((holds) => eb.exists(holds))))
      .then(1)
      .else(0)
      .end()
      .as('held')
  }),
)

export const holdTable = (sql: Sql) => ({
  async insert(row: HoldRow): Promise<void> {
    await sql
      .insertInto('holds')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        scope: row.scope,
        file_id: row.fileId,
        case_id: row.caseId,
        owner_type: row.ownerType,
        owner_id: row.ownerId,
        subject: row.subject,
        reason: row.reason,
        placed_by_id: row.placedById,
        placed_by: row.placedBy,
        placed_at: row.placedAt,
        lock_state: row.lock.state,
        locked_objects: row.lock.locked,
        failed_objects: row.lock.failed,
      })
      .execute()
  },

  async find(tenantId: string, id: string): Promise<HoldRow | null> {
    const row = await sql.selectFrom('holds').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst()
    return row ? toHold(row) : null
  },

  /** Newest first, those before the id `before`. */
  async list(tenantId: string, filter: HoldFilter, page: { before: string | null; limit: number }): Promise<HoldRow[]> {
    let query = sql.selectFrom('holds').selectAll('holds').where('holds.tenant_id', '=', tenantId)
    if (filter.active !== undefined) query = query.where('holds.released_at', filter.active ? 'is' : 'is not', null)
    if (filter.ownerType !== undefined) query = query.where('holds.owner_type', '=', filter.ownerType)
    if (filter.ownerId !== undefined) query = query.where('holds.owner_id', '=', filter.ownerId)
    const { fileId, caseId } = filter
    if (fileId !== undefined) {
      query = query
        .innerJoin('files', (join) => join.onRef('files.tenant_id', '=', 'holds.tenant_id').on('files.id', '=', fileId))
        .where(covers)
    }
    if (caseId !== undefined) {
      const inCase = sql.selectFrom('files').select('files.id').where('files.tenant_id', '=', tenantId).where('files.case_id', '=', caseId)
      query = query.where((either) => either.or([either('holds.case_id', '=', caseId), either('holds.file_id', 'in', inCase)]))
    }
    if (page.before !== null) query = query.where('holds.id', '<', page.before)
    return (await query.orderBy('holds.id', 'desc').limit(page.limit).execute()).map(toHold)
  },

  /** False, and nothing changed, where it is not in force any more. */
  async release(
    hold: { tenantId: string; id: string },
    by: { actorId: string; actorName: string; at: number; reason: string },
  ): Promise<boolean> {
    const change = { released_by_id: by.actorId, released_by: by.actorName, released_at: by.at, release_reason: by.reason }
    const result = await sql
      .updateTable('holds')
      .set({ ...change, lock_state: 'pending', lock_error: null })
      .where('tenant_id', '=', hold.tenantId)
      .where('id', '=', hold.id)
      .where('released_at', 'is', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Notes what became of the objects, unless the hold was released (or `released` was not) meanwhile: then another job tells. */
  async setLock(hold: { tenantId: string; id: string; released: boolean }, lock: HoldLock): Promise<void> {
    await sql
      .updateTable('holds')
      .set({ lock_state: lock.state, locked_objects: lock.locked, failed_objects: lock.failed, lock_error: lock.error })
      .where('tenant_id', '=', hold.tenantId)
      .where('id', '=', hold.id)
      .where('released_at', hold.released ? 'is not' : 'is', null)
      .execute()
  },

  /** Whether a hold in force covers a file. */
  async isOn(file: HeldPlace): Promise<boolean> {
    return (await isOn(sql, file)).rows[0]?.held === 1
  },

  /** The ids of the holds in force that cover a file; empty where nothing holds it. */
  async idsOn(file: HeldPlace): Promise<string[]> {
    const rows = await sql
      .selectFrom('holds')
      .select('id')
      .where('tenant_id', '=', file.tenantId)
      .where('released_at', 'is', null)
      .where((either) => {
        const owner = either.and([either('owner_type', '=', file.ownerType), either('owner_id', '=', file.ownerId)])
        return either.or([either('file_id', '=', file.id), either('case_id', '=', file.caseId), owner])
      })
      .orderBy('id')
      .limit(100)
      .execute()
    return rows.map((row) => row.id)
  },

  /** As `idsOn`, for a case or one item of it: holds on the case and on live files below. */
  async idsBelow(place: { tenantId: string; caseId: string; itemId: string | null }): Promise<string[]> {
    let files = sql
      .selectFrom('files')
      .select('files.id')
      .where('files.tenant_id', '=', place.tenantId)
      .where('files.case_id', '=', place.caseId)
      .where('files.deleted_at', 'is', null)
    if (place.itemId !== null) files = files.where('files.item_id', '=', place.itemId)
    const rows = await sql
      .selectFrom('holds')
      .select('id')
      .where('tenant_id', '=', place.tenantId)
      .where('released_at', 'is', null)
      .where((either) => either.or([either('case_id', '=', place.caseId), either('file_id', 'in', files)]))
      .orderBy('id')
      .limit(100)
      .execute()
    return rows.map((row) => row.id)
  },

  /** How many files at a target are held. */
  async countAt(tenantId: string, targetId: string): Promise<number> {
    const row = await sql
      .selectFrom('files')
      .select((eb) => eb.fn.countAll<number | string>().as('files'))
      .where('files.tenant_id', '=', tenantId)
      .where('files.target_id', '=', targetId)
      .where('files.deleted_at', 'is', null)
      .where(isHeld)
      .executeTakeFirstOrThrow()
    return Number(row.files)
  },

  /** Null where the file has no object. */
  async findObject(file: { tenantId: string; id: string }): Promise<CoveredObject | null> {
    const row = await objects(sql).where('files.tenant_id', '=', file.tenantId).where('files.id', '=', file.id).executeTakeFirst()
    return row ? toObject(row) : null
  },

  /** Stored objects in the scope of a hold, by file id. */
  async pageOfObjects(hold: HoldRow, after: string, limit: number): Promise<CoveredObject[]> {
    let query = objects(sql).where('files.tenant_id', '=', hold.tenantId).where('files.id', '>', after)
    if (hold.scope === 'file') query = query.where('files.id', '=', hold.fileId as string)
    if (hold.scope === 'case') query = query.where('files.case_id', '=', hold.caseId as string)
    if (hold.scope === 'owner') {
      query = query
        .where('files.tier', '=', 'object')
        .where('files.owner_type', '=', hold.ownerType)
        .where('files.owner_id', '=', hold.ownerId)
    }
    return (await query.orderBy('files.id').limit(limit).execute()).map(toObject)
  },

  /** Holds in force of all tenants, by id. */
  async pageActive(after: string, limit: number): Promise<HoldRow[]> {
    const query = sql.selectFrom('holds').selectAll().where('released_at', 'is', null).where('id', '>', after)
    return (await query.orderBy('id').limit(limit).execute()).map(toHold)
  },
})
