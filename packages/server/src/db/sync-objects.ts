import type { FileStatus, HashState } from '@holdfast/api'
import { sql as raw, type Selectable } from 'kysely'
import type { ObjectMark } from '../core/object-mark.ts'
import type { Sql } from './database.ts'
import { isHeld } from './hold-cover.ts'
import { rowsInsert } from './row-insert.ts'
import type { Schema } from './schema.ts'

/** What a Sync found. */
export type FoundObject = {
  readonly key: string
  readonly name: string
  readonly size: number
  readonly modifiedAt: number
  readonly etag: string | null
}

/** One scope at one target: files of the case itself, or of one item. `prefix` ends in '/'; keys of the scope have no further one. */
export type SyncPlace = {
  readonly syncId: string
  readonly tenantId: string
  readonly caseId: string
  readonly itemId: string | null
  readonly targetId: string
  readonly prefix: string
}

/** The file that has an object; `mark` is what is known of it. */
export type KnownFile = {
  readonly id: string
  readonly name: string
  readonly status: FileStatus
  readonly hashState: HashState
  /** The digest that is known of it: read back, or else as its sender said. */
  readonly sha256: string | null
  readonly mark: ObjectMark
  readonly missingAt: number | null
  readonly version: number
}

/** An object beside the file that has it. `moving`: it is the copy or the remains of a file that moves to or from this target. */
export type ComparedObject = { readonly object: FoundObject; readonly file: KnownFile | null; readonly moving: boolean }

/** A stored file of a scope. */
export type ScopeFile = { readonly id: string; readonly key: string; readonly name: string; readonly size: number }

/**
 * Some stored files of a scope, one after another by key: how many, up to which, how many of them the Sync has not found, and how many
 * of those no hold keeps in the list.
 */
export type ScopeRange = { readonly known: number; readonly gone: number; readonly vanishing: number; readonly upto: string }

const ofItem = (column: string, itemId: string | null) =>
  itemId === null ? raw<boolean>`${raw.ref(column)} is null` : raw<boolean>`${raw.ref(column)} = ${itemId}`

/**
 * Whether `o` belongs to a file that is on its way from or to this target, by a move that is not tidied up. Those are few and are looked
 * up once a statement; the conditions are literal text, so that partial indexes serve them.
 */
const isMoving = (place: SyncPlace) => {
  const keys = raw`select m.object_key from moves join files m on m.tenant_id = moves.tenant_id and m.id = moves.file_id
    where moves.tenant_id = ${place.tenantId} and (moves.from_target_id = ${place.targetId} or moves.to_target_id = ${place.targetId})`
  return raw<boolean>`o.object_key in (${keys} and moves.status = 'copying'
    union all ${keys} and moves.status <> 'copying' and moves.purged_at is null)`
}

/**
 * The id of the file that has the object of `o`. A value and no join, so that each is looked up by its key: PostgreSQL, which knows
 * nothing yet of rows that were only just made, would compare all with all.
 */
const fileAt = (place: SyncPlace) => raw<string | null>`(
  select f.id from files f where f.target_id = ${place.targetId} and f.object_key = o.object_key and f.purged_at is null)`

/** Unlisted states of a file are its own business: it is on its way in or out. */
const isStored = raw<boolean>`files.status in ('READY', 'DAMAGED') and files.deleted_at is null and files.purged_at is null`

/** Stored files of the scope in order of key. `listed`: whether the Sync has found the object; again a value, see `fileAt`. */
const storedOf = (sql: Sql, place: SyncPlace) =>
  sql
    .selectFrom('files')
    .select(['files.id', 'files.object_key as key', 'files.name', 'files.object_size as size'])
    .select(['files.tenant_id', 'files.case_id', 'files.owner_type', 'files.owner_id'])
    .select((eb) => eb.fn.coalesce('files.ready_at', 'files.created_at').as('ready_at'))
    .select(
      raw<string | null>`(
        select o.sync_id from sync_objects o where o.sync_id = ${place.syncId} and o.object_key = files.object_key)`.as('listed'),
    )
    .where('files.tenant_id', '=', place.tenantId)
    .where('files.case_id', '=', place.caseId)
    .where(ofItem('files.item_id', place.itemId))
    .where(raw<boolean>`files.tier = 'direct'`)
    .where('files.target_id', '=', place.targetId)
    .where(isStored)
    .orderBy('files.object_key')

const insertFound = rowsInsert('sync_objects', ' on conflict (sync_id, object_key) do nothing')
const insertDiscovered = rowsInsert('files')

export const syncObjectTable = (sql: Sql) => ({
  /** What is listed twice counts once. */
  async add(syncId: string, objects: readonly FoundObject[]): Promise<void> {
    const rows = objects.map((object) => ({
      sync_id: syncId,
      object_key: object.key,
      name: object.name,
      size: object.size,
      modified_at: object.modifiedAt,
      etag: object.etag,
    }))
    await insertFound(sql, rows)
  },

  /** Forgets up to `limit` of what a Sync found. Answers how many. */
  async forget(syncId: string, limit: number): Promise<number> {
    const found = sql.selectFrom('sync_objects').select('object_key').where('sync_id', '=', syncId).orderBy('object_key')
    const last = await found
      .offset(limit - 1)
      .limit(1)
      .executeTakeFirst()
    let remove = sql.deleteFrom('sync_objects').where('sync_id', '=', syncId)
    if (last) remove = remove.where('object_key', '<=', last.object_key)
    return Number((await remove.executeTakeFirst()).numDeletedRows)
  },

  /** The next Sync after the id `after` of which something found is kept; null after the last. */
  async nextSync(after: string): Promise<{ id: string; running: boolean } | null> {
    const first = sql.selectFrom('sync_objects').select('sync_id').where('sync_id', '>', after).orderBy('sync_id').limit(1)
    const row = await sql.selectFrom('syncs').select(['id', 'status']).where('id', 'in', first).executeTakeFirst()
    return row ? { id: row.id, running: row.status === 'running' } : null
  },

  /** What was found, in order of key, each beside its file. */
  async page(place: SyncPlace, after: string, limit: number): Promise<ComparedObject[]> {
    const rows = await sql
      .selectFrom('sync_objects as o')
      .select(['o.object_key', 'o.name', 'o.size', 'o.modified_at', 'o.etag'])
      .select(fileAt(place).as('known_id'))
      .select(raw<boolean | 0 | 1>`case when ${fileAt(place)} is null then ${isMoving(place)} else (1 = 0) end`.as('moving'))
      .where('o.sync_id', '=', place.syncId)
      .where('o.object_key', '>', after)
      .orderBy('o.object_key')
      .limit(raw.lit(limit))
      .execute()
    const known = await knownFiles(
      sql,
      rows.flatMap((row) => row.known_id ?? []),
    )
    return rows.map((row) => ({
      object: toObject(row),
      file: row.known_id === null ? null : (known.get(row.known_id) ?? null),
      moving: Boolean(row.moving),
    }))
  },

  /** The keys in (`after`, `upto`] that no file has. */
  async unknownKeys(place: SyncPlace, range: { after: string; upto: string }): Promise<Set<string>> {
    const rows = await sql
      .selectFrom('sync_objects as o')
      .select('o.object_key')
      .where('o.sync_id', '=', place.syncId)
      .where('o.object_key', '>', range.after)
      .where('o.object_key', '<=', range.upto)
      .where(raw<boolean>`${fileAt(place)} is null and not ${isMoving(place)}`)
      .execute()
    return new Set(rows.map((row) => row.object_key))
  },

  /** Makes rows of objects that no file has. */
  async discover(place: SyncPlace, objects: readonly (FoundObject & { readonly id: string })[], at: number): Promise<void> {
    const rows = objects.map((object) => ({
      ...{ id: object.id, tenant_id: place.tenantId, case_id: place.caseId, item_id: place.itemId, tier: 'direct' as const },
      ...{ name: object.name, content_type: 'application/octet-stream', size: object.size, status: 'READY', target_id: place.targetId },
      ...{ object_key: object.key, object_size: object.size, uploaded_by: '', created_at: at, ready_at: at, version: 1 },
      ...{ hash_state: 'none' as const, object_etag: object.etag, object_modified_at: object.modifiedAt, discovered: 1 as const },
    }))
    await insertDiscovered(sql, rows as never)
  },

  /** The next up to `limit` stored files of the scope after a key; null where there are none. Gone: not found, though ready by `readyAt`. */
  async range(place: SyncPlace, at: { after: string; limit: number; readyAt: number }): Promise<ScopeRange | null> {
    const some = storedOf(sql, place).where('files.object_key', '>', at.after).limit(raw.lit(at.limit))
    const isGone = raw`listed is null and ready_at <= cast(${at.readyAt} as bigint)`
    // `isHeld` asks about the row that is called files.
    const row = await sql
      .selectFrom(some.as('files'))
      .select((eb) => [eb.fn.countAll<number | string>().as('known'), eb.fn.max<string | null>('key').as('upto')])
      .select(raw<number | string | null>`sum(case when ${isGone} then 1 else 0 end)`.as('gone'))
      .select(raw<number | string | null>`sum(case when ${isGone} and not ${isHeld} then 1 else 0 end)`.as('vanishing'))
      .executeTakeFirstOrThrow()
    if (row.upto === null) return null
    return { known: Number(row.known), gone: Number(row.gone ?? 0), vanishing: Number(row.vanishing ?? 0), upto: row.upto }
  },

  /** The gone ones with a key in (`after`, `upto`], in order of key. */
  async goneIn(place: SyncPlace, at: { after: string; upto: string; readyAt: number }): Promise<ScopeFile[]> {
    const some = storedOf(sql, place).where('files.object_key', '>', at.after).where('files.object_key', '<=', at.upto)
    return sql
      .selectFrom(some.as('some'))
      .select(['id', 'key', 'name', 'size'])
      .where(raw<boolean>`listed is null and ready_at <= cast(${at.readyAt} as bigint)`)
      .orderBy('key')
      .execute()
  },

  /**
   * Notes how the object of a stored file looks now and what that says of its digest. False where the file is another version by now,
   * or gone.
   */
  async noteObject(
    file: { tenantId: string; id: string; version: number },
    seen: ObjectMark & { hashState: HashState; missingAt: number | null },
  ): Promise<boolean> {
    const result = await sql
      .updateTable('files')
      .set((eb) => ({
        ...{ size: seen.size, object_size: seen.size, object_etag: seen.etag, object_modified_at: seen.modifiedAt },
        ...{ hash_state: seen.hashState, missing_at: seen.missingAt, version: eb('version', '+', 1) },
      }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('version', '=', file.version)
      .where(isStored)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** Notes that the object of a stored file is gone. False where that was known. */
  async markMissing(file: { tenantId: string; id: string }, at: number): Promise<boolean> {
    const result = await sql
      .updateTable('files')
      .set((eb) => ({ missing_at: at, version: eb('version', '+', 1) }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('missing_at', 'is', null)
      .where(isStored)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },
})

const toObject = (row: Omit<Selectable<Schema['sync_objects']>, 'sync_id'>): FoundObject => ({
  key: row.object_key,
  name: row.name,
  size: row.size,
  modifiedAt: row.modified_at,
  etag: row.etag,
})

async function knownFiles(sql: Sql, ids: readonly string[]): Promise<Map<string, KnownFile>> {
  if (ids.length === 0) return new Map()
  const rows = await sql
    .selectFrom('files')
    .select([
      'id',
      'name',
      'status',
      'hash_state',
      'sha256',
      'declared_sha256',
      'object_size',
      'object_etag',
      'object_modified_at',
      'missing_at',
      'version',
    ])
    .where('id', 'in', [...ids])
    .execute()
  return new Map(rows.map((row) => [row.id, toKnown(row)]))
}

type FileColumns =
  | 'id'
  | 'name'
  | 'status'
  | 'hash_state'
  | 'sha256'
  | 'declared_sha256'
  | 'object_size'
  | 'object_etag'
  | 'object_modified_at'
const toKnown = (row: Pick<Selectable<Schema['files']>, FileColumns | 'missing_at' | 'version'>): KnownFile => ({
  id: row.id,
  name: row.name,
  status: row.status as FileStatus,
  hashState: row.hash_state,
  sha256: row.sha256 ?? row.declared_sha256,
  mark: { size: row.object_size, etag: row.object_etag, modifiedAt: row.object_modified_at },
  missingAt: row.missing_at,
  version: row.version,
})

export type SyncObjectTable = ReturnType<typeof syncObjectTable>
