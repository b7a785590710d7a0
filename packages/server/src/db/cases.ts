import { sql as raw, type Selectable } from 'kysely'
import { statesWithObject } from '../core/file-states.ts'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

export type CaseRow = {
  readonly id: string
  readonly tenantId: string
  readonly number: string
  readonly title: string
  readonly description: string
  readonly createdBy: string
  readonly createdAt: number
  readonly version: number
}
export type ItemRow = Omit<CaseRow, 'number' | 'description'> & { readonly caseId: string; readonly label: string }

/** What is held of a case or an item: files whose bytes are at a target, and their plaintext bytes together. */
export type Holdings = { readonly fileCount: number; readonly totalBytes: number }
export const noHoldings: Holdings = { fileCount: 0, totalBytes: 0 }

export type CaseFilter = { readonly q: string | null; readonly number: string | null }
/** Newest first, those before the id `before`. */
export type BackwardPage = { readonly limit: number; readonly before: string | null }

const toCase = (row: Selectable<Schema['cases']>): CaseRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  number: row.number,
  title: row.title,
  description: row.description,
  createdBy: row.created_by,
  createdAt: row.created_at,
  version: row.version,
})

/** `text` as it stands inside a LIKE pattern that escapes with a backslash. */
const likeLiteral = (text: string): string => text.replace(/[\\%_]/g, (character) => `\\${character}`)

/** Cases that are not deleted. The number of a deleted one stays taken. */
export const caseTable = (sql: Sql) => ({
  async find(tenantId: string, id: string): Promise<CaseRow | null> {
    const row = await sql
      .selectFrom('cases')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    return row ? toCase(row) : null
  },
  async list(tenantId: string, filter: CaseFilter, page: BackwardPage): Promise<CaseRow[]> {
    let query = sql.selectFrom('cases').selectAll().where('tenant_id', '=', tenantId).where('deleted_at', 'is', null)
    if (filter.number !== null) query = query.where('number', '=', filter.number)
    if (filter.q !== null) {
      const pattern = `%${likeLiteral(filter.q.toLowerCase())}%`
      query = query.where((either) =>
        either.or([
          raw<boolean>`lower(${either.ref('number')}) like ${pattern} escape '\\'`,
          raw<boolean>`lower(${either.ref('title')}) like ${pattern} escape '\\'`,
        ]),
      )
    }
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toCase)
  },
  /**
   * Rejects with `DatabaseConflict` 'cases_tenant_id_number' or 'cases_tenant_id_folded_number' where the number is or was in use, whatever
   * the case of its letters: they are one folder on a share without upper and lower case (D14).
   */
  async insert(row: CaseRow): Promise<void> {
    await sql
      .insertInto('cases')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        number: row.number,
        folded_number: row.number.toLowerCase(),
        title: row.title,
        description: row.description,
        created_by: row.createdBy,
        created_at: row.createdAt,
        deleted_at: null,
        version: row.version,
      })
      .execute()
  },
  /** Lets no other transaction change the case, or lock it, until this one ends. */
  async lock(tenantId: string, id: string): Promise<void> {
    await sql
      .updateTable('cases')
      .set((row) => ({ version: row.ref('version') }))
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .execute()
  },
  async update(row: Pick<CaseRow, 'tenantId' | 'id' | 'title' | 'description' | 'version'>): Promise<void> {
    const { title, description, version } = row
    await sql
      .updateTable('cases')
      .set({ title, description, version })
      .where('tenant_id', '=', row.tenantId)
      .where('id', '=', row.id)
      .execute()
  },
  /** Marks the case and its items deleted. */
  async delete(tenantId: string, id: string, at: number): Promise<void> {
    await sql.updateTable('cases').set({ deleted_at: at }).where('tenant_id', '=', tenantId).where('id', '=', id).execute()
    await sql
      .updateTable('items')
      .set({ deleted_at: at })
      .where('tenant_id', '=', tenantId)
      .where('case_id', '=', id)
      .where('deleted_at', 'is', null)
      .execute()
  },
  /** By case id; cases without files are not in it. */
  async holdings(tenantId: string, ids: readonly string[]): Promise<Map<string, Holdings>> {
    if (ids.length === 0) return new Map()
    const rows = await held(sql, tenantId)
      .where('case_id', 'in', [...ids])
      .select('case_id as owner')
      .groupBy('case_id')
      .execute()
    return toHoldings(rows)
  },
})

const held = (sql: Sql, tenantId: string) =>
  sql
    .selectFrom('files')
    .where('tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null)
    .where('status', 'in', [...statesWithObject])
    .select((select) => [select.fn.countAll<number>().as('count'), select.fn.sum<number>('size').as('bytes')])

const toHoldings = (rows: readonly { owner: string | null; count: number; bytes: number }[]): Map<string, Holdings> =>
  new Map(rows.map((row) => [row.owner ?? '', { fileCount: Number(row.count), totalBytes: Number(row.bytes) }]))

const toItem = (row: Selectable<Schema['items']>): ItemRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  caseId: row.case_id,
  label: row.label,
  title: row.title,
  createdBy: row.created_by,
  createdAt: row.created_at,
  version: row.version,
})

/** Items that are not deleted. */
export const itemTable = (sql: Sql) => ({
  async find(tenantId: string, id: string): Promise<ItemRow | null> {
    const row = await sql
      .selectFrom('items')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    return row ? toItem(row) : null
  },
  /** The greatest id that an item of the case has or had. */
  async findLastId(tenantId: string, caseId: string): Promise<string | null> {
    const row = await sql
      .selectFrom('items')
      .select((eb) => eb.fn.max('id').as('id'))
      .where('tenant_id', '=', tenantId)
      .where('case_id', '=', caseId)
      .executeTakeFirst()
    return row?.id ?? null
  },
  async list(tenantId: string, caseId: string, page: BackwardPage): Promise<ItemRow[]> {
    let query = sql
      .selectFrom('items')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('case_id', '=', caseId)
      .where('deleted_at', 'is', null)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toItem)
  },
  /** Rejects with `DatabaseConflict` 'items_case_id_label' where another item of the case has the label. */
  async insert(row: ItemRow): Promise<void> {
    await sql
      .insertInto('items')
      .values({
        id: row.id,
        tenant_id: row.tenantId,
        case_id: row.caseId,
        label: row.label,
        title: row.title,
        created_by: row.createdBy,
        created_at: row.createdAt,
        deleted_at: null,
        version: row.version,
      })
      .execute()
  },
  async update(row: Pick<ItemRow, 'tenantId' | 'id' | 'title' | 'version'>): Promise<void> {
    const { title, version } = row
    await sql.updateTable('items').set({ title, version }).where('tenant_id', '=', row.tenantId).where('id', '=', row.id).execute()
  },
  async delete(tenantId: string, id: string, at: number): Promise<void> {
    await sql.updateTable('items').set({ deleted_at: at }).where('tenant_id', '=', tenantId).where('id', '=', id).execute()
  },
  /** By item id; items without files are not in it. */
  async holdings(tenantId: string, ids: readonly string[]): Promise<Map<string, Holdings>> {
    if (ids.length === 0) return new Map()
    const rows = await held(sql, tenantId)
      .where('item_id', 'in', [...ids])
      .select('item_id as owner')
      .groupBy('item_id')
      .execute()
    return toHoldings(rows)
  },
})
