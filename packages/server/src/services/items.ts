import { type Item, type ItemCreate, type ItemUpdate, type PageOf, Problem } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { toIso } from '../core/clock.ts'
import { newIdWithOwnStart } from '../core/ids.ts'
import { type Holdings, type ItemRow, noHoldings } from '../db/cases.ts'
import { DatabaseConflict } from '../db/database.ts'
import type { Tables } from '../db/store.ts'
import { existing, requireVersion, toldBy } from './caller.ts'
import type { CaseDeps } from './cases.ts'
import { cutPage, fromCursor, type PageRequest, rowsFor } from './pages.ts'

export type ItemPlace = { readonly caseId: string; readonly itemId: string }

const toItem = (row: ItemRow, held: Holdings = noHoldings): Item => ({
  id: row.id,
  caseId: row.caseId,
  label: row.label,
  title: row.title,
  createdAt: toIso(row.createdAt),
  createdBy: row.createdBy,
  fileCount: held.fileCount,
  totalBytes: held.totalBytes,
  version: row.version,
})

const getItem = async (tables: Pick<Tables, 'items'>, caller: Caller, place: ItemPlace): Promise<ItemRow> => {
  const row = await tables.items.find(caller.tenantId, place.itemId)
  return existing(row?.caseId === place.caseId ? row : null, 'item')
}

/** Evidence items of a case. A label is unique in its case while the item is there. */
export const itemService = ({ store, clock, files }: CaseDeps) => ({
  async list(caller: Caller, caseId: string, page: PageRequest): Promise<PageOf<Item>> {
    existing(await store.read.cases.find(caller.tenantId, caseId), 'case')
    const rows = await store.read.items.list(caller.tenantId, caseId, { limit: rowsFor(page), before: fromCursor(page.cursor) })
    const cut = cutPage(rows, page)
    const held = await store.read.items.holdings(
      caller.tenantId,
      cut.rows.map((row) => row.id),
    )
    return { items: cut.rows.map((row) => toItem(row, held.get(row.id))), nextCursor: cut.nextCursor }
  },

  async get(caller: Caller, place: ItemPlace): Promise<Item> {
    const row = await getItem(store.read, caller, place)
    return toItem(row, (await store.read.items.holdings(caller.tenantId, [row.id])).get(row.id))
  },

  /** CONFLICT where another item of the case has the label. */
  async create(caller: Caller, caseId: string, request: ItemCreate): Promise<Item> {
    const draft: Omit<ItemRow, 'id'> = {
      tenantId: caller.tenantId,
      caseId,
      label: request.label,
      title: request.title,
      createdBy: caller.actor.name,
      createdAt: clock.now(),
      version: 1,
    }
    try {
      return await store.transaction(async (tx) => {
        // Two items made at once must not get the same folder.
        await tx.cases.lock(caller.tenantId, caseId)
        existing(await tx.cases.find(caller.tenantId, caseId), 'case')
        const row: ItemRow = { ...draft, id: newIdWithOwnStart(await tx.items.findLastId(caller.tenantId, caseId), draft.createdAt) }
        await tx.items.insert(row)
        const details = { kind: 'item', name: row.label, title: row.title }
        await tx.audit.append({ ...toldBy(caller), caseId, itemId: row.id, action: 'CREATE', details })
        return toItem(row)
      })
    } catch (error) {
      if (!(error instanceof DatabaseConflict) || error.constraint !== 'items_case_id_label') throw error
      throw new Problem('CONFLICT', `Another item of this case has the label ${draft.label}. Choose another one.`)
    }
  },

  async update(caller: Caller, place: ItemPlace, change: { expectedVersion: number | null; changes: ItemUpdate }): Promise<Item> {
    await store.transaction(async (tx) => {
      const row = await getItem(tx, caller, place)
      requireVersion(row, change.expectedVersion)
      if (change.changes.title === row.title) return
      await tx.items.update({ ...row, title: change.changes.title, version: row.version + 1 })
      const details = { kind: 'item', name: row.label, changed: ['title'] }
      await tx.audit.append({ ...toldBy(caller), caseId: row.caseId, itemId: row.id, action: 'UPDATE', details })
    })
    return this.get(caller, place)
  },

  /** Removes the item with all its files (U2), or nothing at all. */
  async remove(caller: Caller, place: ItemPlace, expectedVersion: number | null): Promise<void> {
    await store.transaction(async (tx) => {
      const row = await getItem(tx, caller, place)
      requireVersion(row, expectedVersion)
      const fileCount = await files.deleteBelow(tx, caller, { caseId: row.caseId, itemId: row.id })
      await tx.items.delete(caller.tenantId, row.id, clock.now())
      const details = { kind: 'item', name: row.label, title: row.title, fileCount }
      await tx.audit.append({ ...toldBy(caller), caseId: row.caseId, itemId: row.id, action: 'DELETE', details })
    })
  },
})
export type ItemService = ReturnType<typeof itemService>
