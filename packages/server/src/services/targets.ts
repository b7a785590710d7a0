import { type FieldError, type PageOf, Problem, type Target, type TargetTest, type TargetUpdate } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { type Clock, toIsoOrNull } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import type { Store, Tables, Tx } from '../db/store.ts'
import type { Place, RoleBindingRow, TargetKind, TargetRow } from '../db/targets.ts'
import type { CredentialSealer, Credentials } from '../keys/sealed-credentials.ts'
import { existing, requireVersion, toldBy } from './caller.ts'
import { cutPage, fromCursor, type PageRequest, rowsFor } from './pages.ts'

/** What needs the drivers; app.ts provides it. */
export interface TargetBackends {
  /** What is wrong with the fields of a new target; empty where nothing is. It repeats no value. */
  check(address: { kind: TargetKind; place: Place; credentials: Credentials | null }): FieldError[]
  /** The real round trip of Test connection (T6). Resolves with the failed step rather than rejecting. */
  test(target: TargetRow, signal?: AbortSignal): Promise<TargetTest>
  /** Bytes that can still be written there, null where it is not known or does not answer soon. */
  freeBytes(target: TargetRow, signal?: AbortSignal): Promise<number | null>
}

export type TargetDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly backends: TargetBackends
  readonly credentials: Pick<CredentialSealer, 'seal'>
}

export type NewTarget = {
  readonly name: string
  readonly kind: Exclude<TargetKind, 'local'>
  readonly place: Place
  readonly credentials: Credentials | null
  readonly quotaBytes: number | null
}

type Context = { readonly bindings: readonly RoleBindingRow[]; readonly fileCount: number; readonly freeBytes: number | null }

/** `credentials` of the row has no place in the answer, by type. */
const toTarget = (row: TargetRow, context: Context): Target => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  builtin: row.builtin,
  place: { ...row.place },
  quotaBytes: row.quotaBytes,
  usedBytes: row.usedBytes,
  reservedBytes: row.reservedBytes,
  freeBytes: context.freeBytes,
  lastPassAt: toIsoOrNull(row.lastPassAt),
  lastTestAt: toIsoOrNull(row.lastTestAt),
  lastTestOk: row.lastTestOk,
  roles: context.bindings.filter((binding) => binding.targetId === row.id).map((binding) => binding.role),
  fileCount: context.fileCount,
  version: row.version,
})

/** A target in use, or NOT_FOUND. */
export const getTarget = async (tables: Pick<Tables, 'targets'>, tenantId: string, id: string): Promise<TargetRow> => {
  const row = await tables.targets.find(tenantId, id)
  return existing(row?.removedAt === null ? row : null, 'storage target')
}

/** Storage targets (T1). Credentials go in and never come out. */
export const targetService = (deps: TargetDeps) => ({
  async list(caller: Caller, page: PageRequest): Promise<PageOf<Target>> {
    const { read } = deps.store
    const rows = await read.targets.list(caller.tenantId, { limit: rowsFor(page), after: fromCursor(page.cursor) })
    const cut = cutPage(rows, page)
    return { items: await describe(deps, caller, cut.rows), nextCursor: cut.nextCursor }
  },

  async get(caller: Caller, id: string): Promise<Target> {
    const row = await getTarget(deps.store.read, caller.tenantId, id)
    return existing((await describe(deps, caller, [row]))[0] ?? null, 'storage target')
  },

  async create(caller: Caller, request: NewTarget): Promise<Target> {
    const id = newId()
    const errors = deps.backends.check(request)
    if (errors.length > 0) throw new Problem('VALIDATION_ERROR', undefined, { errors })
    const context = { tenantId: caller.tenantId, targetId: id }
    const credentials = request.credentials === null ? null : deps.credentials.seal(request.credentials, context)
    await deps.store.transaction((tx) => insertTarget(tx, caller, { ...request, id, credentials, at: deps.clock.now() }))
    return this.get(caller, id)
  },

  /** Name and quota. A quota below what is stored is allowed: files stay readable, new ones are refused (T8). */
  async update(caller: Caller, id: string, change: { expectedVersion: number | null; changes: TargetUpdate }): Promise<Target> {
    await deps.store.transaction(async (tx) => {
      const row = await getTarget(tx, caller.tenantId, id)
      requireVersion(row, change.expectedVersion)
      const next = { ...row, ...change.changes }
      const changed = (['name', 'quotaBytes'] as const).filter((field) => next[field] !== row[field])
      if (changed.length === 0) return
      await tx.targets.update({ ...next, version: row.version + 1 })
      const details = { kind: 'target', name: next.name, targetId: id, changed, quotaBytes: next.quotaBytes }
      await tx.audit.append({ ...toldBy(caller), action: 'UPDATE', details })
    })
    return this.get(caller, id)
  },

  /**
   * Takes a target out of use; its files become orphans (T9). CONFLICT for the built-in one (T2), for one that a role is bound to,
   * and, without its name as `confirm`, for one that still has files.
   */
  async remove(caller: Caller, id: string, options: { expectedVersion: number | null; confirm: string | null }): Promise<void> {
    await deps.store.transaction(async (tx) => {
      const row = await getTarget(tx, caller.tenantId, id)
      requireVersion(row, options.expectedVersion)
      if (row.builtin) throw new Problem('CONFLICT', 'The built-in Local target cannot be deleted. Set a quota to limit it.')
      const fileCount = await requireRemovable(tx, row, options.confirm)
      await tx.targets.remove(caller.tenantId, id, deps.clock.now())
      await tx.audit.append({ ...toldBy(caller), action: 'DELETE', details: { kind: 'target', name: row.name, targetId: id, fileCount } })
    })
  },

  /** Does the round trip now and notes how it went. */
  async test(caller: Caller, id: string, signal?: AbortSignal): Promise<TargetTest> {
    const row = await getTarget(deps.store.read, caller.tenantId, id)
    const test = await deps.backends.test(row, signal)
    const failedStep = test.steps.find((step) => !step.ok)?.name ?? null
    await deps.store.transaction(async (tx) => {
      await tx.targets.noteTest(id, { at: deps.clock.now(), ok: test.ok })
      const result = test.ok ? ('ok' as const) : ('failed' as const)
      await tx.audit.append({
        ...toldBy(caller),
        result,
        action: 'TARGET_TESTED',
        details: { targetId: id, name: row.name, ok: test.ok, failedStep },
      })
    })
    return test
  },
})
export type TargetService = ReturnType<typeof targetService>

async function describe({ store, backends }: TargetDeps, caller: Caller, rows: readonly TargetRow[]): Promise<Target[]> {
  const [bindings, counts, free] = await Promise.all([
    store.read.roleBindings.list(caller.tenantId),
    store.read.targets.fileCounts(
      caller.tenantId,
      rows.map((row) => row.id),
    ),
    Promise.all(rows.map((row) => backends.freeBytes(row))),
  ])
  return rows.map((row, index) => toTarget(row, { bindings, fileCount: counts.get(row.id) ?? 0, freeBytes: free[index] ?? null }))
}

type TargetToInsert = Omit<NewTarget, 'credentials'> & { id: string; credentials: Uint8Array | null; at: number }

async function insertTarget(tx: Tx, caller: Caller, target: TargetToInsert): Promise<void> {
  const { at, ...fields } = target
  await tx.targets.insert({
    ...fields,
    tenantId: caller.tenantId,
    builtin: false,
    usedBytes: 0,
    reservedBytes: 0,
    lastTestAt: null,
    lastTestOk: null,
    lastPassAt: null,
    createdAt: at,
    removedAt: null,
    version: 1,
  })
  const details = { kind: 'target', name: target.name, targetId: target.id, targetKind: target.kind }
  await tx.audit.append({ ...toldBy(caller), action: 'CREATE', details })
}

async function requireRemovable(tx: Tx, row: TargetRow, confirm: string | null): Promise<number> {
  const bound = (await tx.roleBindings.list(row.tenantId)).filter((binding) => binding.targetId === row.id)
  if (bound.length > 0) {
    const names = bound.map((binding) => binding.role).join(', ')
    throw new Problem('CONFLICT', `The target serves the role ${names}. Bind another target first.`)
  }
  const fileCount = (await tx.targets.fileCounts(row.tenantId, [row.id])).get(row.id) ?? 0
  if (fileCount > 0 && confirm !== row.name) {
    const detail = `${fileCount} files are stored there and could not be read any more. Repeat the target's name as confirm to delete it.`
    throw new Problem('CONFLICT', detail, { extra: { fileCount } })
  }
  return fileCount
}
