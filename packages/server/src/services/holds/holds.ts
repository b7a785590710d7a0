import { type Hold, type HoldCreate, type HoldQuery, type HoldRelease, type PageOf, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { type Clock, toIso, toIsoOrNull } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import { type HoldRow, noLockYet } from '../../db/holds.ts'
import type { Store, Tx } from '../../db/store.ts'
import { existing, toldBy } from '../caller.ts'
import { fromCursor, rowsFor, toPage } from '../pages.ts'
import { lockHeldJob } from './job-kinds.ts'

type Subject = Pick<HoldRow, 'scope' | 'fileId' | 'caseId' | 'ownerType' | 'ownerId' | 'subject'> & {
  /** Where the log files it. */
  readonly about: { caseId: string | null; itemId: string | null; fileId: string | null }
}

const none = { fileId: null, caseId: null, ownerType: null, ownerId: null }

const toHold = (row: HoldRow): Hold => ({
  id: row.id,
  scope: row.scope,
  fileId: row.fileId,
  caseId: row.caseId,
  ownerEntityType: row.ownerType,
  ownerEntityId: row.ownerId,
  subject: row.subject,
  reason: row.reason,
  active: row.releasedAt === null,
  placedBy: row.placedBy,
  placedAt: toIso(row.placedAt),
  releasedBy: row.releasedBy,
  releasedAt: toIsoOrNull(row.releasedAt),
  releaseReason: row.releaseReason,
  lock: row.lock,
})

/** Legal holds (O10). While one is in force nothing deletes what it covers, now or later. */
export const holdService = ({ store, clock }: { store: Store; clock: Clock }) => ({
  /** Newest first. */
  async list(caller: Caller, query: HoldQuery): Promise<PageOf<Hold>> {
    const { active, fileId, caseId, ownerEntityType: ownerType, ownerEntityId: ownerId } = query
    const page = { before: fromCursor(query.cursor), limit: rowsFor(query) }
    const rows = await store.read.holds.list(caller.tenantId, { active, fileId, caseId, ownerType, ownerId }, page)
    return toPage(rows, query, toHold)
  },

  async get(caller: Caller, id: string): Promise<Hold> {
    return toHold(existing(await store.read.holds.find(caller.tenantId, id), 'hold'))
  },

  /** In force once it resolves. NOT_FOUND where the file or the case is not there (any more). Several may hold the same thing. */
  async place(caller: Caller, request: HoldCreate): Promise<Hold> {
    requireOneSubject(request)
    const reason = request.reason.trim()
    const row = await store.transaction(async (tx) => {
      const { about, ...subject } = await findSubject(tx, caller, request)
      const id = newId()
      const placed = { placedById: caller.actor.id, placedBy: caller.actor.name, placedAt: clock.now() }
      const open = { releasedBy: null, releasedAt: null, releaseReason: null, lock: noLockYet }
      const hold: HoldRow = { id, tenantId: caller.tenantId, ...subject, reason, ...placed, ...open }
      await tx.holds.insert(hold)
      const details = { holdId: id, scope: hold.scope, subject: hold.subject, reason }
      await tx.audit.append({ ...toldBy(caller), ...about, action: 'HOLD_PLACED', details })
      await tx.jobs.enqueue(lockHeldJob(hold, 'place'))
      return hold
    })
    return toHold(row)
  },

  /** CONFLICT where it was released before. What other holds cover stays held. */
  async release(caller: Caller, id: string, request: HoldRelease): Promise<Hold> {
    const reason = request.reason.trim()
    await store.transaction(async (tx) => {
      const hold = existing(await tx.holds.find(caller.tenantId, id), 'hold')
      const by = { actorId: caller.actor.id, actorName: caller.actor.name, at: clock.now(), reason }
      if (!(await tx.holds.release(hold, by))) throw new Problem('CONFLICT', 'This hold was released already.')
      const file = hold.fileId === null ? null : await tx.files.findAny(caller.tenantId, hold.fileId)
      const about = { caseId: file?.caseId ?? hold.caseId, itemId: file?.itemId ?? null, fileId: hold.fileId }
      const details = { holdId: id, scope: hold.scope, subject: hold.subject, reason, placedReason: hold.reason }
      await tx.audit.append({ ...toldBy(caller), ...about, action: 'HOLD_RELEASED', details })
      await tx.jobs.enqueue(lockHeldJob(hold, 'release'))
    })
    return this.get(caller, id)
  },
})
export type HoldService = ReturnType<typeof holdService>

function requireOneSubject(request: HoldCreate): void {
  const { fileId, caseId, ownerEntityType, ownerEntityId } = request
  const isOwner = ownerEntityType !== undefined || ownerEntityId !== undefined
  const count = [fileId !== undefined, caseId !== undefined, isOwner].filter(Boolean).length
  const errors = []
  if (count !== 1) errors.push({ field: 'fileId', message: 'give exactly one of fileId, caseId, or ownerEntityType with ownerEntityId' })
  if (isOwner && ownerEntityType === undefined) errors.push({ field: 'ownerEntityType', message: 'is required with ownerEntityId' })
  if (isOwner && ownerEntityId === undefined) errors.push({ field: 'ownerEntityId', message: 'is required with ownerEntityType' })
  if (errors.length > 0) throw new Problem('VALIDATION_ERROR', undefined, { errors })
}

/** What is to be held, read in the transaction that holds it: a deletion that was first has won. */
async function findSubject(tx: Tx, caller: Caller, request: HoldCreate): Promise<Subject> {
  const { tenantId } = caller
  if (request.fileId !== undefined) {
    const file = existing(await tx.files.find(tenantId, request.fileId), 'file')
    const about = { caseId: file.caseId, itemId: file.itemId, fileId: file.id }
    return { ...none, scope: 'file', fileId: file.id, subject: file.name, about }
  }
  if (request.caseId !== undefined) {
    const row = existing(await tx.cases.find(tenantId, request.caseId), 'case')
    return { ...none, scope: 'case', caseId: row.id, subject: row.number, about: { caseId: row.id, itemId: null, fileId: null } }
  }
  const { ownerEntityType = '', ownerEntityId = '' } = request
  const owner = { ownerType: ownerEntityType, ownerId: ownerEntityId, subject: `${ownerEntityType} ${ownerEntityId}` }
  return { ...none, scope: 'owner', ...owner, about: { caseId: null, itemId: null, fileId: null } }
}
