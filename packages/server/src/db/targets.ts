import { Problem, type TargetCapabilities } from '@holdfast/api'
import { sql as raw, type Selectable } from 'kysely'
import { sayExactSize } from '../core/size-words.ts'
import type { Sql } from './database.ts'
import { keptQuery } from './kept-query.ts'
import type { Schema } from './schema.ts'

export type TargetKind = 'local' | 's3' | 'smb' | 'sftp'
/** Connection fields without secrets. */
export type Place = Readonly<Record<string, unknown>>

export type TargetRow = {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly kind: TargetKind
  readonly place: Place
  /** Sealed; opened by keys/sealed-credentials alone. */
  readonly credentials: Uint8Array | null
  readonly builtin: boolean
  readonly quotaBytes: number | null
  readonly usedBytes: number
  readonly reservedBytes: number
  readonly lastTestAt: number | null
  readonly lastTestOk: boolean | null
  readonly lastPassAt: number | null
  readonly createdAt: number
  readonly removedAt: number | null
  readonly version: number
  /** The storage itself in one spelling, unique in the tenant (core/target-location); null for the built-in target. */
  readonly location: string | null
  /** What the latest probe found; null before the first. */
  readonly capabilities: TargetCapabilities | null
}

const toTarget = (row: Selectable<Schema['targets']>): TargetRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  kind: row.kind,
  place: JSON.parse(row.place) as Place,
  credentials: row.credentials,
  builtin: row.builtin === 1,
  quotaBytes: row.quota_bytes,
  usedBytes: row.used_bytes,
  reservedBytes: row.reserved_bytes,
  lastTestAt: row.last_test_at,
  lastTestOk: row.last_test_ok === null ? null : row.last_test_ok === 1,
  lastPassAt: row.last_pass_at,
  createdAt: row.created_at,
  removedAt: row.removed_at,
  version: row.version,
  location: row.location,
  capabilities: row.capabilities === null ? null : (JSON.parse(row.capabilities) as TargetCapabilities),
})

const fromTarget = (row: TargetRow) => ({
  id: row.id,
  tenant_id: row.tenantId,
  name: row.name,
  kind: row.kind,
  place: JSON.stringify(row.place),
  credentials: row.credentials,
  builtin: row.builtin ? (1 as const) : (0 as const),
  quota_bytes: row.quotaBytes,
  used_bytes: row.usedBytes,
  reserved_bytes: row.reservedBytes,
  last_test_at: row.lastTestAt,
  last_test_ok: row.lastTestOk === null ? null : row.lastTestOk ? (1 as const) : (0 as const),
  last_pass_at: row.lastPassAt,
  created_at: row.createdAt,
  removed_at: row.removedAt,
  version: row.version,
  location: row.location,
  capabilities: row.capabilities === null ? null : JSON.stringify(row.capabilities),
})

export type TargetChange = Pick<TargetRow, 'tenantId' | 'id' | 'name' | 'place' | 'credentials' | 'quotaBytes' | 'version'>

/** The place may change in what does not tell one storage from another. */
const fromChange = (row: TargetChange) => ({
  name: row.name,
  place: JSON.stringify(row.place),
  credentials: row.credentials,
  quota_bytes: row.quotaBytes,
  version: row.version,
})

const byId = keptQuery((sql, of: { tenantId: string; id: string }) =>
  sql.selectFrom('targets').selectAll().where('tenant_id', '=', of.tenantId).where('id', '=', of.id),
)
const notePass = keptQuery((sql, pass: { id: string; at: number; notAfter: number }) =>
  sql
    .updateTable('targets')
    .set({ last_pass_at: pass.at })
    .where('id', '=', pass.id)
    .where((either) => either.or([either('last_pass_at', 'is', null), either('last_pass_at', '<', pass.notAfter)])),
)
const reserve = keptQuery((sql, { id, bytes }: { id: string; bytes: number }) =>
  sql
    .updateTable('targets')
    .set((row) => ({ reserved_bytes: row('reserved_bytes', '+', bytes) }))
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .where(raw<boolean>`(quota_bytes is null or used_bytes + reserved_bytes + cast(${bytes} as bigint) <= quota_bytes)`),
)

export const targetTable = (sql: Sql) => ({ ...targetRows(sql), ...targetUsage(sql) })

const targetRows = (sql: Sql) => ({
  /** Removed ones too: files keep naming them. */
  async find(tenantId: string, id: string): Promise<TargetRow | null> {
    const [row] = (await byId(sql, { tenantId, id })).rows
    return row ? toTarget(row) : null
  },
  /** The one that every tenant has from its first day (T2). */
  async findBuiltin(tenantId: string): Promise<TargetRow | null> {
    const row = await sql
      .selectFrom('targets')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('builtin', '=', 1)
      .where('removed_at', 'is', null)
      .executeTakeFirst()
    return row ? toTarget(row) : null
  },
  /** The one at this place, removed ones too. */
  async findByLocation(tenantId: string, location: string): Promise<TargetRow | null> {
    const query = sql.selectFrom('targets').selectAll().where('tenant_id', '=', tenantId).where('location', '=', location)
    const row = await query.executeTakeFirst()
    return row ? toTarget(row) : null
  },
  /** Those in use, oldest first, after the id `after`. */
  async list(tenantId: string, page: { limit: number; after: string | null }): Promise<TargetRow[]> {
    let query = sql.selectFrom('targets').selectAll().where('tenant_id', '=', tenantId).where('removed_at', 'is', null)
    if (page.after !== null) query = query.where('id', '>', page.after)
    return (await query.orderBy('id').limit(page.limit).execute()).map(toTarget)
  },
  /** Removed ones whose files are still there or were to come (T9), oldest first, after the id `after`. */
  async listOrphaned(tenantId: string, page: { limit: number; after: string | null }): Promise<TargetRow[]> {
    let query = sql
      .selectFrom('targets')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('removed_at', 'is not', null)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('files')
            .select('files.id')
            .where('files.tenant_id', '=', tenantId)
            .where(({ or, eb }) =>
              or([eb('files.target_id', '=', eb.ref('targets.id')), eb('files.sync_target_id', '=', eb.ref('targets.id'))]),
            )
            .where('files.deleted_at', 'is', null),
        ),
      )
    if (page.after !== null) query = query.where('id', '>', page.after)
    return (await query.orderBy('id').limit(page.limit).execute()).map(toTarget)
  },
  /** Those of every tenant by id, removed ones too: for sweep and check. */
  async pageOfAll(after: string, limit: number): Promise<TargetRow[]> {
    return (await sql.selectFrom('targets').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute()).map(toTarget)
  },
  async insert(row: TargetRow): Promise<void> {
    await sql.insertInto('targets').values(fromTarget(row)).execute()
  },
  async update(row: TargetChange): Promise<void> {
    await sql.updateTable('targets').set(fromChange(row)).where('tenant_id', '=', row.tenantId).where('id', '=', row.id).execute()
  },
  /** Takes a removed target into use again as `row` says, with its usage (T9). False where it is in use already. */
  async revive(row: TargetChange): Promise<boolean> {
    const result = await sql
      .updateTable('targets')
      .set({ ...fromChange(row), removed_at: null, last_test_at: null, last_test_ok: null, last_pass_at: null, capabilities: null })
      .where('tenant_id', '=', row.tenantId)
      .where('id', '=', row.id)
      .where('removed_at', 'is not', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },
  /** Takes the target out of use and forgets its credentials. */
  async remove(tenantId: string, id: string, at: number): Promise<void> {
    await sql
      .updateTable('targets')
      .set((row) => ({ removed_at: at, credentials: null, version: row('version', '+', 1) }))
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .execute()
  },
  /** Keeps what a probe found. A new version opens the target anew with it. */
  async keepCapabilities(id: string, kept: { capabilities: TargetCapabilities; version: number }): Promise<void> {
    const change = { capabilities: JSON.stringify(kept.capabilities), version: kept.version }
    await sql.updateTable('targets').set(change).where('id', '=', id).execute()
  },
  /** Notes the outcome of a Test connection (T7). */
  async noteTest(id: string, test: { at: number; ok: boolean }): Promise<void> {
    const outcome = { last_test_at: test.at, last_test_ok: test.ok ? (1 as const) : (0 as const) }
    await sql
      .updateTable('targets')
      .set(test.ok ? { ...outcome, last_pass_at: test.at } : outcome)
      .where('id', '=', id)
      .execute()
  },
  /** Notes that an upload or download went through, which counts as a pass (T7), unless one was noted at or after `notAfter`. */
  async notePass(id: string, pass: { at: number; notAfter: number }): Promise<void> {
    await notePass(sql, { id, ...pass })
  },
  /** Files that are not deleted, by target id; targets without files are not in it. */
  async fileCounts(tenantId: string, ids: readonly string[]): Promise<Map<string, number>> {
    if (ids.length === 0) return new Map()
    const rows = await sql
      .selectFrom('files')
      .select((select) => ['target_id', select.fn.countAll<number>().as('count')])
      .where('tenant_id', '=', tenantId)
      .where('target_id', 'in', [...ids])
      .where('deleted_at', 'is', null)
      .groupBy('target_id')
      .execute()
    return new Map(rows.map((row) => [row.target_id, Number(row.count)]))
  },
  /** Files that are still to be brought to a target from where they are staged, by target id. */
  async stagedCounts(tenantId: string, ids: readonly string[]): Promise<Map<string, number>> {
    if (ids.length === 0) return new Map()
    const rows = await sql
      .selectFrom('files')
      .select((select) => ['sync_target_id', select.fn.countAll<number>().as('count')])
      .where('tenant_id', '=', tenantId)
      .where('sync_target_id', 'is not', null)
      .where('sync_target_id', 'in', [...ids])
      .where('deleted_at', 'is', null)
      .groupBy('sync_target_id')
      .execute()
    return new Map(rows.map((row) => [row.sync_target_id ?? '', Number(row.count)]))
  },
})

/**
 * What is stored at a target and what is on its way there, in stored bytes. The life of bytes: `reserve` when an upload begins,
 * then `settle` when its object is there, or `release` when it is given up; `free` when a settled object is removed.
 * Each is one guarded update, so that no two uploads can take the same last bytes (T8), and none goes below zero:
 * that breaks `targets_usage`, which rejects the whole transaction.
 */
const targetUsage = (sql: Sql) => ({
  /**
   * Reserves `bytes`, or throws QUOTA_FULL with `usedBytes` (reserved ones among them), `quotaBytes` and `neededBytes`.
   * Throws TARGET_REMOVED where the target is gone.
   */
  async reserve(id: string, bytes: number): Promise<void> {
    const { numAffectedRows = 0n } = await reserve(sql, { id, bytes })
    if (numAffectedRows > 0n) return
    const row = await sql.selectFrom('targets').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined || row.removed_at !== null) throw new Problem('TARGET_REMOVED')
    const quotaBytes = row.quota_bytes ?? 0
    const usedBytes = row.used_bytes + row.reserved_bytes
    throw new Problem(
      'QUOTA_FULL',
      `The storage target “${row.name}” is full: ${sayExactSize(usedBytes)} of its quota of ${sayExactSize(quotaBytes)} are used, ${sayExactSize(bytes)} are needed. ` +
        'Free space, raise the quota, or bind another target.',
      { extra: { targetId: id, usedBytes, quotaBytes, neededBytes: bytes } },
    )
  },
  /** What was reserved is now stored, as `usedBytes` bytes. `pass`: an upload went through, see `notePass`. */
  async settle(id: string, change: { reservedBytes: number; usedBytes: number; pass?: { at: number; notAfter: number } }): Promise<void> {
    const { pass } = change
    await sql
      .updateTable('targets')
      .set((row) => ({
        reserved_bytes: row('reserved_bytes', '-', change.reservedBytes),
        used_bytes: row('used_bytes', '+', change.usedBytes),
        ...(pass && { last_pass_at: raw<number>`case when last_pass_at >= ${pass.notAfter} then last_pass_at else ${pass.at} end` }),
      }))
      .where('id', '=', id)
      .execute()
  },
  /** What was reserved will not come. */
  async release(id: string, bytes: number): Promise<void> {
    await sql
      .updateTable('targets')
      .set((row) => ({ reserved_bytes: row('reserved_bytes', '-', bytes) }))
      .where('id', '=', id)
      .execute()
  },
  /** What was stored is gone. */
  async free(id: string, bytes: number): Promise<void> {
    await sql
      .updateTable('targets')
      .set((row) => ({ used_bytes: row('used_bytes', '-', bytes) }))
      .where('id', '=', id)
      .execute()
  },
})
