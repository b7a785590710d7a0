import { type Migration, type MigrationCreate, type Move, type MoveQuery, type PageOf, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { systemActor } from '../../core/actor.ts'
import { type Clock, toIso, toIsoOrNull } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import { DatabaseConflict } from '../../db/database.ts'
import type { MoveView } from '../../db/moves.ts'
import type { Store, Tables, Tx } from '../../db/store.ts'
import type { MigrationRow, MigrationStatus } from '../../db/target-migrations.ts'
import { existing, toldBy } from '../caller.ts'
import { cutPage, fromCursor, type PageRequest, rowsFor, toPage } from '../pages.ts'
import { getTarget } from '../targets.ts'
import type { MoveDeps, MoveOptions } from './deps.ts'
import { runMigrationJob, runMigrationKey } from './job-kinds.ts'
import { moveFile } from './move-file.ts'

const nothing = { files: 0, bytes: 0 }

/** A job that failed and is tried again, e.g. since the target is away or full. */
async function waitingOf(tables: Tables, row: MigrationRow): Promise<Migration['waiting']> {
  if (row.status !== 'running') return null
  const job = await tables.jobs.findActive(runMigrationKey(row.id))
  return job?.status === 'queued' && job.error !== null ? { error: job.error, until: toIso(job.runAt) } : null
}

async function toMigration(tables: Tables, row: MigrationRow): Promise<Migration> {
  const totals = await tables.moves.totals(row.id)
  const names = await Promise.all([row.fromTargetId, row.toTargetId].map((id) => tables.targets.find(row.tenantId, id)))
  const [from, to] = names.map((target) => ({ id: target?.id ?? '', name: target?.name ?? '' }))
  return {
    id: row.id,
    from: from ?? { id: row.fromTargetId, name: '' },
    to: to ?? { id: row.toTargetId, name: '' },
    status: row.status,
    files: row.filesTotal,
    bytes: row.bytesTotal,
    moved: totals.get('moved') ?? nothing,
    failed: totals.get('failed') ?? nothing,
    skipped: totals.get('skipped') ?? nothing,
    waiting: await waitingOf(tables, row),
    createdBy: row.createdBy,
    createdAt: toIso(row.createdAt),
    finishedAt: toIsoOrNull(row.finishedAt),
  }
}

const toMove = (row: MoveView): Move => ({
  id: row.id,
  fileId: row.fileId,
  fileName: row.fileName,
  caseId: row.caseId,
  itemId: row.itemId,
  status: row.status,
  bytes: row.bytes,
  copiedBytes: row.copiedBytes,
  objectSha256: row.sha256,
  error: row.error,
  createdAt: toIso(row.createdAt),
  finishedAt: toIsoOrNull(row.finishedAt),
})

/** Moves of all files of a target to another (R5). */
export const migrationService = ({ store, clock }: { store: Store; clock: Clock }) => {
  const steer = async (
    caller: Caller,
    id: string,
    step: { from: MigrationStatus[]; to: MigrationStatus; finished: boolean; tell: (tx: Tx, row: MigrationRow) => Promise<void> },
  ): Promise<Migration> =>
    store.transaction(async (tx) => {
      const row = existing(await tx.migrations.find(caller.tenantId, id), 'migration')
      const finishedAt = step.finished ? clock.now() : null
      if (!(await tx.migrations.become(row, { from: step.from, to: step.to, finishedAt }))) {
        throw new Problem('CONFLICT', `The migration is ${row.status}.`)
      }
      await step.tell(tx, row)
      return toMigration(tx, existing(await tx.migrations.find(caller.tenantId, id), 'migration'))
    })

  return {
    async list(caller: Caller, page: PageRequest): Promise<PageOf<Migration>> {
      const rows = await store.read.migrations.list(caller.tenantId, { limit: rowsFor(page), before: fromCursor(page.cursor) })
      const cut = cutPage(rows, page)
      return { items: await Promise.all(cut.rows.map((row) => toMigration(store.read, row))), nextCursor: cut.nextCursor }
    },

    async get(caller: Caller, id: string): Promise<Migration> {
      return toMigration(store.read, existing(await store.read.migrations.find(caller.tenantId, id), 'migration'))
    },

    /** What became of each file, newest first. */
    async moves(caller: Caller, id: string, query: MoveQuery): Promise<PageOf<Move>> {
      existing(await store.read.migrations.find(caller.tenantId, id), 'migration')
      const place = { tenantId: caller.tenantId, migrationId: id, status: query.status }
      const rows = await store.read.moves.list(place, { limit: rowsFor(query), before: fromCursor(query.cursor) })
      return toPage(rows, query, toMove)
    },

    /** What a migration between the two would have to do. */
    async plan(caller: Caller, request: MigrationCreate): Promise<{ files: number; bytes: number; freeQuotaBytes: number | null }> {
      const from = await getTarget(store.read, caller.tenantId, request.fromTargetId)
      const to = await getTarget(store.read, caller.tenantId, request.toTargetId)
      const count = await store.read.files.countOfTarget({ tenantId: caller.tenantId, targetId: from.id })
      return { ...count, freeQuotaBytes: to.quotaBytes === null ? null : Math.max(0, to.quotaBytes - to.usedBytes - to.reservedBytes) }
    },

    /** CONFLICT where the two are one, or the first is being emptied already. */
    async start(caller: Caller, request: MigrationCreate): Promise<Migration> {
      if (request.fromTargetId === request.toTargetId) throw new Problem('CONFLICT', 'The files are there already. Choose another target.')
      try {
        return await store.transaction((tx) => insert(tx, caller, { request, at: clock.now() }))
      } catch (error) {
        if (!(error instanceof DatabaseConflict) || error.constraint !== 'migrations_from_target_id') throw error
        throw new Problem('CONFLICT', 'A migration away from this target is under way. Wait for it, or cancel it.')
      }
    },

    /** The file that is on its way is finished or taken up again later; no other begins. */
    pause: (caller: Caller, id: string) =>
      steer(caller, id, {
        ...{ from: ['running'], to: 'paused', finished: false },
        tell: async (tx, row) =>
          void (await tx.audit.append({ ...toldBy(caller), action: 'MIGRATION_PAUSED', details: { migrationId: row.id } })),
      }),

    resume: (caller: Caller, id: string) =>
      steer(caller, id, {
        ...{ from: ['paused'], to: 'running', finished: false },
        tell: async (tx, row) => {
          await tx.audit.append({ ...toldBy(caller), action: 'MIGRATION_RESUMED', details: { migrationId: row.id } })
          await tx.jobs.enqueue(runMigrationJob(row))
        },
      }),

    /** What was moved stays moved. */
    cancel: (caller: Caller, id: string) =>
      steer(caller, id, {
        ...{ from: ['running', 'paused'], to: 'cancelled', finished: true },
        tell: (tx, row) => tellEnd(tx, row, { ...toldBy(caller), outcome: 'cancelled' }),
      }),
  }
}
export type MigrationService = ReturnType<typeof migrationService>

async function insert(tx: Tx, caller: Caller, given: { request: MigrationCreate; at: number }): Promise<Migration> {
  const from = await getTarget(tx, caller.tenantId, given.request.fromTargetId)
  const to = await getTarget(tx, caller.tenantId, given.request.toTargetId)
  const count = await tx.files.countOfTarget({ tenantId: caller.tenantId, targetId: from.id })
  const row: MigrationRow = {
    ...{ id: newId(), tenantId: caller.tenantId, fromTargetId: from.id, toTargetId: to.id, status: 'running', version: 1 },
    ...{ filesTotal: count.files, bytesTotal: count.bytes, createdBy: caller.actor.name, createdAt: given.at, finishedAt: null },
  }
  await tx.migrations.insert(row)
  const { id: migrationId, fromTargetId, toTargetId } = row
  const details = { migrationId, fromTargetId, toTargetId, ...count }
  await tx.audit.append({ ...toldBy(caller), action: 'MIGRATION_STARTED', details })
  await tx.jobs.enqueue(runMigrationJob(row))
  return toMigration(tx, row)
}

type End = Omit<ReturnType<typeof toldBy>, 'result'> & { outcome: 'done' | 'cancelled' }

async function tellEnd(tx: Tx, row: MigrationRow, { outcome, ...told }: End): Promise<void> {
  const totals = await tx.moves.totals(row.id)
  const count = (status: 'moved' | 'failed' | 'skipped') => totals.get(status)?.files ?? 0
  const details = { migrationId: row.id, outcome, moved: count('moved'), failed: count('failed'), skipped: count('skipped') }
  await tx.audit.append({ ...told, result: 'ok', action: 'MIGRATION_ENDED', details })
}

const PAGE = 100

/**
 * Moves the files of a migration one after another until none is left. Ends early where it is paused or cancelled; what could not be
 * moved is in the report and stays where it is. Repeatable: a file that was moved is not looked at again.
 */
export async function runMigration(deps: MoveDeps, place: { tenantId: string; migrationId: string }, options: MoveOptions): Promise<void> {
  const find = () => deps.store.read.migrations.find(place.tenantId, place.migrationId)
  let row = await find()
  for (let after = ''; row?.status === 'running'; ) {
    const files = await deps.store.read.files.pageOfTarget({ tenantId: row.tenantId, targetId: row.fromTargetId }, after, PAGE)
    for (const file of files) {
      options.signal.throwIfAborted()
      row = await find()
      if (row?.status !== 'running') return
      await moveOne(deps, row, file.id, options)
      after = file.id
    }
    if (files.length > 0) continue
    await settleLeft(deps, row, options)
    return finish(deps, row)
  }
}

async function moveOne(deps: MoveDeps, row: MigrationRow, fileId: string, options: MoveOptions): Promise<void> {
  const tried = await deps.store.read.moves.findOfMigration(row.id, fileId)
  if (tried?.status === 'failed') return
  await moveFile(deps, { tenantId: row.tenantId, fileId, toTargetId: row.toTargetId, migrationId: row.id }, options)
}

/** Moves whose file is not among those of the target any more, since it was deleted while it was on its way. */
async function settleLeft(deps: MoveDeps, row: MigrationRow, options: MoveOptions): Promise<void> {
  for (const move of await deps.store.read.moves.pageCopying({ migrationId: row.id }, '', PAGE))
    await moveOne(deps, row, move.fileId, options)
}

async function finish(deps: MoveDeps, row: MigrationRow): Promise<void> {
  await deps.store.transaction(async (tx) => {
    if (!(await tx.migrations.become(row, { from: ['running'], to: 'done', finishedAt: deps.clock.now() }))) return
    await tellEnd(tx, row, { tenantId: row.tenantId, actor: systemActor, requestId: null, outcome: 'done' })
  })
}
