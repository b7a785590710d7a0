import type { Selectable } from 'kysely'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

/** What an asset is to a record of an app. */
export type LinkRow = {
  readonly id: string
  readonly tenantId: string
  readonly assetId: string
  readonly app: string
  readonly companyId: string | null
  readonly sourceType: string
  readonly sourceId: string
  readonly kind: string
  readonly createdBy: string
  readonly createdAt: number
}
export type LinkedRecord = Pick<LinkRow, 'tenantId' | 'assetId' | 'app' | 'sourceType' | 'sourceId' | 'kind'>

const toLink = (row: Selectable<Schema['evidence_links']>): LinkRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  assetId: row.asset_id,
  app: row.app,
  companyId: row.company_id,
  sourceType: row.source_type,
  sourceId: row.source_id,
  kind: row.kind,
  createdBy: row.created_by,
  createdAt: row.created_at,
})

/** Links from assets to records of apps. */
export const linkTable = (sql: Sql) => ({
  async find(place: { tenantId: string; assetId: string; id: string }): Promise<LinkRow | null> {
    const query = sql.selectFrom('evidence_links').selectAll().where('tenant_id', '=', place.tenantId)
    const row = await query.where('asset_id', '=', place.assetId).where('id', '=', place.id).executeTakeFirst()
    return row ? toLink(row) : null
  },

  /** The one link of the asset to this record under this kind. */
  async findSole(record: LinkedRecord): Promise<LinkRow | null> {
    const row = await sql
      .selectFrom('evidence_links')
      .selectAll()
      .where('tenant_id', '=', record.tenantId)
      .where('asset_id', '=', record.assetId)
      .where('app', '=', record.app)
      .where('source_type', '=', record.sourceType)
      .where('source_id', '=', record.sourceId)
      .where('kind', '=', record.kind)
      .executeTakeFirst()
    return row ? toLink(row) : null
  },

  /** Newest first: those with an id below `before`. */
  async list(asset: { tenantId: string; assetId: string }, page: { before: string | null; limit: number }): Promise<LinkRow[]> {
    let query = sql.selectFrom('evidence_links').selectAll().where('tenant_id', '=', asset.tenantId).where('asset_id', '=', asset.assetId)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toLink)
  },

  /** False, and nothing added, where the asset is linked to this record so already. */
  async add(row: LinkRow): Promise<boolean> {
    const added = await sql
      .insertInto('evidence_links')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        asset_id: row.assetId,
        app: row.app,
        company_id: row.companyId,
        source_type: row.sourceType,
        source_id: row.sourceId,
        kind: row.kind,
        created_by: row.createdBy,
        created_at: row.createdAt,
      })
      .onConflict((conflict) => conflict.columns(['asset_id', 'app', 'source_type', 'source_id', 'kind']).doNothing())
      .executeTakeFirst()
    return (added.numInsertedOrUpdatedRows ?? 0n) > 0n
  },

  async delete(link: { tenantId: string; id: string }): Promise<boolean> {
    const result = await sql
      .deleteFrom('evidence_links')
      .where('tenant_id', '=', link.tenantId)
      .where('id', '=', link.id)
      .executeTakeFirst()
    return result.numDeletedRows > 0n
  },
})

export type LinkTable = ReturnType<typeof linkTable>
