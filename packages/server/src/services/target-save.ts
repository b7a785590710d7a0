import { isDeepStrictEqual } from 'node:util'
import { type FieldError, Problem, type TargetCreate, type TargetUpdate } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { newId } from '../core/ids.ts'
import { targetLocation } from '../core/target-location.ts'
import { DatabaseConflict } from '../db/database.ts'
import type { Tx } from '../db/store.ts'
import type { TargetRow } from '../db/targets.ts'
import { requireVersion, toldBy } from './caller.ts'
import { sweepUploadsJob } from './ingest/job-kinds.ts'
import { sweepMovesJob, waitingForTargets } from './moves/job-kinds.ts'
import type { OpenAddress, TargetDeps } from './target-deps.ts'
import { getTarget } from './target-view.ts'

/** VALIDATION_ERROR where the fields are not those of the kind, or no target may lie there. */
export async function requireGoodAddress({ backends }: TargetDeps, address: OpenAddress, signal?: AbortSignal): Promise<void> {
  const errors = backends.check(address)
  const refused = errors.length === 0 ? await backends.refuse(address, signal) : null
  if (refused) errors.push(refused)
  if (errors.length > 0) throw new Problem('VALIDATION_ERROR', refused?.message, { errors })
}

/** The fingerprint of the server is compared by a person before it is trusted, so there is no saving without one (T5). */
function requireHostKey({ kind, place }: OpenAddress): void {
  if (kind !== 'sftp' || (place.hostKey ?? null) !== null) return
  const message = 'is required: test the connection, compare the fingerprint that it shows with the one of the server, and save that'
  throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: 'place.hostKey', message }] })
}

const taken = (other: TargetRow): Problem =>
  new Problem('CONFLICT', `The storage target “${other.name}” is at this place already. Change that one, or choose another place.`, {
    extra: { targetId: other.id },
  })

const takenMeanwhile = (error: unknown): boolean => error instanceof DatabaseConflict && error.constraint === 'targets_tenant_id_location'

/** Makes a target, or takes a removed one at the same place back with its files (T9). Answers its id. */
export async function createTarget(deps: TargetDeps, caller: Caller, request: TargetCreate): Promise<string> {
  await requireGoodAddress(deps, request)
  requireHostKey(request)
  const location = targetLocation(request.kind, request.place)
  if (location === null) throw new Problem('VALIDATION_ERROR')
  try {
    return await deps.store.transaction(async (tx) => {
      const known = await tx.targets.findByLocation(caller.tenantId, location)
      if (known && known.removedAt === null) throw taken(known)
      const id = known?.id ?? newId()
      const row = draftTarget(deps, caller, { request, id, location })
      if (known) await takeBack(tx, caller, { known, row })
      else await insertTarget(tx, caller, row)
      return id
    })
  } catch (error) {
    if (takenMeanwhile(error)) throw new Problem('CONFLICT', 'Another storage target was just made at this place.')
    throw error
  }
}

/** The row of a new target, with its secrets sealed. */
export function draftTarget(deps: TargetDeps, caller: Caller, given: { request: TargetCreate; id: string; location: string }): TargetRow {
  const { request, id, location } = given
  const { tenantId } = caller
  return {
    ...{ id, tenantId, location, name: request.name, kind: request.kind, place: request.place, quotaBytes: request.quotaBytes ?? null },
    credentials: request.credentials && deps.credentials.seal(request.credentials, { tenantId, targetId: id }),
    ...{ builtin: false, usedBytes: 0, reservedBytes: 0, lastTestAt: null, lastTestOk: null, lastPassAt: null, capabilities: null },
    ...{ createdAt: deps.clock.now(), removedAt: null, version: 1 },
  }
}

export async function insertTarget(tx: Tx, caller: Caller, row: TargetRow): Promise<void> {
  await tx.targets.insert(row)
  const details = { kind: 'target', name: row.name, targetId: row.id, targetKind: row.kind, location: row.location }
  await tx.audit.append({ ...toldBy(caller), action: 'CREATE', details })
}

async function takeBack(tx: Tx, caller: Caller, { known, row }: { known: TargetRow; row: TargetRow }): Promise<void> {
  await tx.targets.revive({ ...row, version: known.version + 1 })
  const fileCount = (await tx.targets.fileCounts(known.tenantId, [known.id])).get(known.id) ?? 0
  const words = { kind: 'target', name: row.name, targetId: row.id, targetKind: row.kind, location: row.location }
  const details = { ...words, takenBack: true, previousName: known.name, fileCount, usedBytes: known.usedBytes }
  await tx.audit.append({ ...toldBy(caller), action: 'CREATE', details })
  // What was staged for it goes on its way again.
  await tx.jobs.hurry(known.tenantId, waitingForTargets)
  await tx.jobs.enqueue(sweepMovesJob)
  // What was deleted while nobody could reach it is removed.
  await tx.jobs.enqueue(sweepUploadsJob)
}

const fixed = (field: string, message: string): FieldError => ({ field, message })

/** What may not change about where a target is: another place is another target, and a host key is compared only once (T5). */
function placeFaults(row: TargetRow, place: TargetRow['place']): FieldError[] {
  if (row.builtin) return [fixed('place', 'of the built-in Local target cannot be changed')]
  const faults: FieldError[] = []
  if (targetLocation(row.kind, place) !== row.location) {
    faults.push(fixed('place', 'is another storage: make a new target there and migrate the files to it'))
  }
  if (!isDeepStrictEqual(row.place.hostKey, place.hostKey)) {
    faults.push(fixed('place.hostKey', 'cannot be changed: delete the target and make it anew; its files come back with it'))
  }
  return faults
}

/** The row as it is to be, before anything is kept of it, and the names of what changed. */
function changed(deps: TargetDeps, row: TargetRow, changes: TargetUpdate): { next: TargetRow; fields: string[] } {
  const { name = row.name, quotaBytes = row.quotaBytes, place = row.place } = changes
  const context = { tenantId: row.tenantId, targetId: row.id }
  const replaced = changes.credentials && deps.credentials.seal(changes.credentials, context)
  const credentials = changes.credentials === undefined ? row.credentials : (replaced ?? null)
  const fields = [
    ...(name === row.name ? [] : ['name']),
    ...(quotaBytes === row.quotaBytes ? [] : ['quotaBytes']),
    ...(isDeepStrictEqual(place, row.place) ? [] : ['place']),
    ...(changes.credentials === undefined ? [] : ['credentials']),
  ]
  return { next: { ...row, name, quotaBytes, place, credentials, version: row.version + 1 }, fields }
}

/** The secrets that go with an address: new ones, else those that are kept for the target. */
export const openCredentials = ({ credentials }: TargetDeps, row: TargetRow): OpenAddress['credentials'] =>
  row.credentials && credentials.open(row.credentials, { tenantId: row.tenantId, targetId: row.id })

async function requireGoodChange(deps: TargetDeps, row: TargetRow, changes: TargetUpdate): Promise<void> {
  if (changes.place === undefined && changes.credentials === undefined) return
  if (row.builtin)
    throw new Problem('VALIDATION_ERROR', undefined, { errors: [fixed('place', 'of the built-in target cannot be changed')] })
  const place = changes.place ?? row.place
  const credentials = changes.credentials === undefined ? openCredentials(deps, row) : changes.credentials
  await requireGoodAddress(deps, { kind: row.kind, place, credentials })
  const errors = placeFaults(row, place)
  if (errors.length > 0) throw new Problem('VALIDATION_ERROR', undefined, { errors })
}

export type TargetChangeRequest = { readonly expectedVersion: number | null; readonly changes: TargetUpdate }

/** Name, quota, credentials, and of the place what keeps it the same storage. A quota below what is stored is allowed (T8). */
export async function updateTarget(deps: TargetDeps, caller: Caller, id: string, request: TargetChangeRequest): Promise<void> {
  const { expectedVersion, changes } = request
  const before = await getTarget(deps.store.read, caller.tenantId, id)
  await requireGoodChange(deps, before, changes)
  await deps.store.transaction(async (tx) => {
    const row = await getTarget(tx, caller.tenantId, id)
    requireVersion(row, expectedVersion)
    // What was checked above was checked against the place that the row had then.
    if (changes.place === undefined || isDeepStrictEqual(row.place, before.place)) return keepChange(deps, { tx, caller, row, changes })
    throw new Problem('PRECONDITION_FAILED')
  })
}

type Change = { tx: Tx; caller: Caller; row: TargetRow; changes: TargetUpdate }

async function keepChange(deps: TargetDeps, { tx, caller, row, changes }: Change): Promise<void> {
  const { next, fields } = changed(deps, row, changes)
  if (fields.length === 0) return
  await tx.targets.update(next)
  const details = { kind: 'target', name: next.name, targetId: row.id, changed: fields, quotaBytes: next.quotaBytes }
  await tx.audit.append({ ...toldBy(caller), action: 'UPDATE', details })
}
