import type { AssetScanStatus, AssetStatus, FileStatus } from '@holdfast/api'
import { sql as raw, type Selectable } from 'kysely'
import { filesOfAssets } from '../core/asset-states.ts'
import type { Sql } from './database.ts'
import { type FileRow, fileColumns, typedFile } from './file-rows.ts'
import { isHeld } from './hold-cover.ts'
import type { Schema } from './schema.ts'

/** What the contract adds to the file of an asset, which has the same id. */
export type AssetRow = {
  id: string
  tenantId: string
  app: string
  companyId: string | null
  kind: string
  scanStatus: AssetScanStatus
  /** Where its object was received. */
  targetId: string
  quarantineKey: string
  finalKey: string
  promotedAt: number | null
  quarantinePurgedAt: number | null
  archivedAt: number | null
}
/** An asset with its file, the tombstone of a deleted one too. */
export type AssetView = AssetRow & { file: FileRow; held: boolean }

export type AssetFilter = {
  tenantId: string
  app?: string | undefined
  companyId?: string | undefined
  kind?: string | undefined
  /** All but deleted ones where absent. */
  status?: AssetStatus | undefined
}
export type AssetGroup = { fileStatus: FileStatus; archived: boolean; scanStatus: AssetScanStatus; assets: number; bytes: number }

const toAsset = (row: Selectable<Schema['evidence_assets']>): AssetRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  app: row.app,
  companyId: row.company_id,
  kind: row.kind,
  scanStatus: row.scan_status,
  targetId: row.target_id,
  quarantineKey: row.quarantine_key,
  finalKey: row.final_key,
  promotedAt: row.promoted_at,
  quarantinePurgedAt: row.quarantine_purged_at,
  archivedAt: row.archived_at,
})

const assetColumns = [
  'evidence_assets.app',
  'evidence_assets.company_id as companyId',
  'evidence_assets.kind',
  'evidence_assets.scan_status as scanStatus',
  'evidence_assets.target_id as receivedAt',
  'evidence_assets.quarantine_key as quarantineKey',
  'evidence_assets.final_key as finalKey',
  'evidence_assets.promoted_at as promotedAt',
  'evidence_assets.quarantine_purged_at as quarantinePurgedAt',
  'evidence_assets.archived_at as archivedAt',
] as const

const views = (sql: Sql) =>
  sql
    .selectFrom('evidence_assets')
    .innerJoin('files', (join) =>
      join.onRef('files.id', '=', 'evidence_assets.id').onRef('files.tenant_id', '=', 'evidence_assets.tenant_id'),
    )
    .select(fileColumns)
    .select(assetColumns)
    .select(raw<0 | 1>`case when ${isHeld} then 1 else 0 end`.as('held'))

type Viewed = Awaited<ReturnType<ReturnType<typeof views>['executeTakeFirstOrThrow']>>

function toView(row: Viewed): AssetView {
  const { id, tenantId, app, companyId, kind, scanStatus, receivedAt, quarantineKey, finalKey } = row
  const { promotedAt, quarantinePurgedAt, archivedAt } = row
  return {
    ...{ id, tenantId, app, companyId, kind, scanStatus, targetId: receivedAt, quarantineKey, finalKey },
    ...{ promotedAt, quarantinePurgedAt, archivedAt, held: row.held === 1, file: typedFile(row) },
  }
}

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isInQuarantine = raw<boolean>`promoted_at is not null and quarantine_purged_at is null`

/** Assets of the evidence contract: what a file of the tier `object` does not say of them. */
export const assetTable = (sql: Sql) => ({
  /** Also of deleted assets. */
  async find(tenantId: string, id: string): Promise<AssetView | null> {
    const row = await views(sql).where('evidence_assets.tenant_id', '=', tenantId).where('evidence_assets.id', '=', id).executeTakeFirst()
    return row ? toView(row) : null
  },

  /** The asset whose object lies, lay or is going to lie at this key. */
  async findByKey(tenantId: string, key: string): Promise<AssetView | null> {
    const row = await views(sql)
      .where('evidence_assets.tenant_id', '=', tenantId)
      .where((is) => is.or([is('evidence_assets.quarantine_key', '=', key), is('evidence_assets.final_key', '=', key)]))
      .executeTakeFirst()
    return row ? toView(row) : null
  },

  /** Newest first: those with an id below `before`. */
  async list(filter: AssetFilter, page: { before: string | null; limit: number }): Promise<AssetView[]> {
    let query = views(sql).where('evidence_assets.tenant_id', '=', filter.tenantId)
    if (filter.app !== undefined) query = query.where('evidence_assets.app', '=', filter.app)
    if (filter.companyId !== undefined) query = query.where('evidence_assets.company_id', '=', filter.companyId)
    if (filter.kind !== undefined) query = query.where('evidence_assets.kind', '=', filter.kind)
    if (filter.status === undefined) query = query.where('files.status', 'not in', filesOfAssets('deleted').states)
    else {
      const { states, archived } = filesOfAssets(filter.status)
      query = query.where('files.status', 'in', states)
      if (archived !== null) query = query.where('evidence_assets.archived_at', archived ? 'is not' : 'is', null)
    }
    if (page.before !== null) query = query.where('evidence_assets.id', '<', page.before)
    return (await query.orderBy('evidence_assets.id', 'desc').limit(raw.lit(page.limit)).execute()).map(toView)
  },

  async insert(row: AssetRow): Promise<void> {
    await sql
      .insertInto('evidence_assets')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        app: row.app,
        company_id: row.companyId,
        kind: row.kind,
        scan_status: row.scanStatus,
        target_id: row.targetId,
        quarantine_key: row.quarantineKey,
        final_key: row.finalKey,
        promoted_at: row.promotedAt,
        quarantine_purged_at: row.quarantinePurgedAt,
        archived_at: row.archivedAt,
      })
      .execute()
  },

  /** What the scan said; with `promotedAt`, that the object now lies at its final key. */
  async settle(asset: { tenantId: string; id: string }, change: { scanStatus: AssetScanStatus; promotedAt: number | null }): Promise<void> {
    await sql
      .updateTable('evidence_assets')
      .set({ scan_status: change.scanStatus, promoted_at: change.promotedAt })
      .where('tenant_id', '=', asset.tenantId)
      .where('id', '=', asset.id)
      .execute()
  },

  /** What lay in quarantine is gone. */
  async markQuarantinePurged(asset: { tenantId: string; id: string }, at: number): Promise<void> {
    await sql
      .updateTable('evidence_assets')
      .set({ quarantine_purged_at: at })
      .where('tenant_id', '=', asset.tenantId)
      .where('id', '=', asset.id)
      .where('quarantine_purged_at', 'is', null)
      .execute()
  },

  /** Promoted assets of all tenants, by id, of which something may still lie in quarantine. */
  async pageInQuarantine(after: string, limit: number): Promise<AssetRow[]> {
    const query = sql.selectFrom('evidence_assets').selectAll().where(isInQuarantine).where('id', '>', after)
    return (await query.orderBy('id').limit(limit).execute()).map(toAsset)
  },

  /** False where it is archived already. */
  async archive(asset: { tenantId: string; id: string }, at: number): Promise<boolean> {
    const result = await sql
      .updateTable('evidence_assets')
      .set({ archived_at: at })
      .where('tenant_id', '=', asset.tenantId)
      .where('id', '=', asset.id)
      .where('archived_at', 'is', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** How many assets there are of each kind of state, and their bytes. */
  async groups(tenantId: string): Promise<AssetGroup[]> {
    const archived = raw<0 | 1>`case when evidence_assets.archived_at is null then 0 else 1 end`
    const rows = await sql
      .selectFrom('evidence_assets')
      .innerJoin('files', (join) =>
        join.onRef('files.id', '=', 'evidence_assets.id').onRef('files.tenant_id', '=', 'evidence_assets.tenant_id'),
      )
      .select(['files.status as fileStatus', 'evidence_assets.scan_status as scanStatus', archived.as('archived')])
      .select((eb) => [eb.fn.countAll<number | string>().as('assets'), eb.fn.sum<number | string>('files.size').as('bytes')])
      .where('evidence_assets.tenant_id', '=', tenantId)
      .groupBy(['files.status', 'evidence_assets.scan_status', archived])
      .execute()
    return rows.map((row) => ({
      ...{ fileStatus: row.fileStatus as FileStatus, scanStatus: row.scanStatus, archived: row.archived === 1 },
      ...{ assets: Number(row.assets), bytes: Number(row.bytes) },
    }))
  },
})

export type AssetTable = ReturnType<typeof assetTable>
