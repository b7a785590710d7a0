import { type Case, type CaseCreate, type CaseQuery, type CaseUpdate, type PageOf, Problem } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { type Clock, toIso } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import { type CaseRow, type Holdings, noHoldings } from '../db/cases.ts'
import { DatabaseConflict } from '../db/database.ts'
import type { Store, Tx } from '../db/store.ts'
import { existing, requireVersion, toldBy } from './caller.ts'
import { cutPage, fromCursor, rowsFor } from './pages.ts'

/** What a deletion does to the files below; the files service provides it. */
export interface FilesBelow {
  /**
   * Deletes every file of the case, or of one item of it, in `tx`: rows, running uploads, and (by jobs) objects. Throws LEGAL_HOLD
   * where one is held, and then nothing is deleted. Answers how many files there were.
   */
  deleteBelow(tx: Tx, caller: Caller, scope: { caseId: string; itemId: string | null }): Promise<number>
}

export type CaseDeps = { readonly store: Store; readonly clock: Clock; readonly files: FilesBelow }

const toCase = (row: CaseRow, held: Holdings = noHoldings): Case => ({
  id: row.id,
  number: row.number,
  title: row.title,
  description: row.description,
  createdAt: toIso(row.createdAt),
  createdBy: row.createdBy,
  fileCount: held.fileCount,
  totalBytes: held.totalBytes,
  version: row.version,
})

const isNumberTaken = ({ constraint }: DatabaseConflict): boolean =>
  constraint === 'cases_tenant_id_number' || constraint === 'cases_tenant_id_folded_number'

/** Cases. A number is given once and never again, also after its case is deleted: it is part of object keys (D14). */
export const caseService = ({ store, clock, files }: CaseDeps) => ({
  async list(caller: Caller, query: CaseQuery): Promise<PageOf<Case>> {
    const filter = { q: query.q ?? null, number: query.number ?? null }
    const rows = await store.read.cases.list(caller.tenantId, filter, { limit: rowsFor(query), before: fromCursor(query.cursor) })
    const page = cutPage(rows, query)
    const held = await store.read.cases.holdings(
      caller.tenantId,
      page.rows.map((row) => row.id),
    )
    return { items: page.rows.map((row) => toCase(row, held.get(row.id))), nextCursor: page.nextCursor }
  },

  async get(caller: Caller, id: string): Promise<Case> {
    const row = existing(await store.read.cases.find(caller.tenantId, id), 'case')
    return toCase(row, (await store.read.cases.holdings(caller.tenantId, [id])).get(id))
  },

  /** CONFLICT where the number is, or ever was, in use, whatever the case of its letters. */
  async create(caller: Caller, request: CaseCreate): Promise<Case> {
    const row: CaseRow = {
      id: newId(),
      tenantId: caller.tenantId,
      number: request.number,
      title: request.title,
      description: request.description ?? '',
      createdBy: caller.actor.name,
      createdAt: clock.now(),
      version: 1,
    }
    try {
      await store.transaction(async (tx) => {
        await tx.cases.insert(row)
        const details = { kind: 'case', name: row.number, title: row.title }
        await tx.audit.append({ ...toldBy(caller), caseId: row.id, action: 'CREATE', details })
      })
    } catch (error) {
      if (!(error instanceof DatabaseConflict) || !isNumberTaken(error)) throw error
      const detail = `The case number ${row.number}, in these or other letters (a and A are one here), is or was in use. Choose another one.`
      throw new Problem('CONFLICT', detail)
    }
    return toCase(row)
  },

  async update(caller: Caller, id: string, change: { expectedVersion: number | null; changes: CaseUpdate }): Promise<Case> {
    await store.transaction(async (tx) => {
      const row = existing(await tx.cases.find(caller.tenantId, id), 'case')
      requireVersion(row, change.expectedVersion)
      const next = { ...row, ...change.changes }
      const changed = (['title', 'description'] as const).filter((field) => next[field] !== row[field])
      if (changed.length === 0) return
      await tx.cases.update({ ...next, version: row.version + 1 })
      const details = { kind: 'case', name: row.number, changed }
      await tx.audit.append({ ...toldBy(caller), caseId: id, action: 'UPDATE', details })
    })
    return this.get(caller, id)
  },

  /** Removes the case with its items and all their files (U2), or nothing at all. */
  async remove(caller: Caller, id: string, expectedVersion: number | null): Promise<void> {
    await store.transaction(async (tx) => {
      const row = existing(await tx.cases.find(caller.tenantId, id), 'case')
      requireVersion(row, expectedVersion)
      const fileCount = await files.deleteBelow(tx, caller, { caseId: id, itemId: null })
      await tx.cases.delete(caller.tenantId, id, clock.now())
      const details = { kind: 'case', name: row.number, title: row.title, fileCount }
      await tx.audit.append({ ...toldBy(caller), caseId: id, action: 'DELETE', details })
    })
  },
})
export type CaseService = ReturnType<typeof caseService>
