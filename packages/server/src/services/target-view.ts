import { Problem, type Target } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { toIsoOrNull } from '../core/clock.ts'
import type { RoleBindingRow } from '../db/role-bindings.ts'
import type { Tables } from '../db/store.ts'
import type { TargetRow } from '../db/targets.ts'
import { existing } from './caller.ts'
import type { TargetDeps } from './target-deps.ts'

type Context = {
  readonly bindings: readonly RoleBindingRow[]
  readonly fileCount: number
  readonly stagedCount: number
  readonly freeBytes: number | null
}

/** `credentials` of the row has no place in the answer, by type. */
const toTarget = (row: TargetRow, context: Context): Target => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  builtin: row.builtin,
  place: { ...row.place },
  hasCredentials: row.credentials !== null,
  quotaBytes: row.quotaBytes,
  usedBytes: row.usedBytes,
  reservedBytes: row.reservedBytes,
  freeBytes: context.freeBytes,
  lastPassAt: toIsoOrNull(row.lastPassAt),
  lastTestAt: toIsoOrNull(row.lastTestAt),
  lastTestOk: row.lastTestOk,
  capabilities: row.capabilities,
  roles: context.bindings.filter((binding) => binding.targetId === row.id).map((binding) => binding.role),
  fileCount: context.fileCount,
  stagedCount: context.stagedCount,
  removedAt: toIsoOrNull(row.removedAt),
  version: row.version,
})

/** What becomes of the files of a target that was removed (T9); the name tells an administrator which one. */
export const targetRemoved = (name: string): Problem =>
  new Problem(
    'TARGET_REMOVED',
    `The storage target “${name}” was removed. Nothing that is stored there was deleted: an administrator gets it back by making a target at the same place again.`,
    { extra: { targetName: name } },
  )

/** A target in use, or NOT_FOUND. */
export const getTarget = async (tables: Pick<Tables, 'targets'>, tenantId: string, id: string): Promise<TargetRow> => {
  const row = await tables.targets.find(tenantId, id)
  return existing(row?.removedAt === null ? row : null, 'storage target')
}

export async function describeTargets({ store, backends }: TargetDeps, caller: Caller, rows: readonly TargetRow[]): Promise<Target[]> {
  const ids = rows.map((row) => row.id)
  const [bindings, counts, staged, free] = await Promise.all([
    store.read.roleBindings.list(caller.tenantId),
    store.read.targets.fileCounts(caller.tenantId, ids),
    store.read.targets.stagedCounts(caller.tenantId, ids),
    Promise.all(rows.map((row) => (row.removedAt === null ? backends.freeBytes(row) : null))),
  ])
  return rows.map((row, index) => {
    const held = { fileCount: counts.get(row.id) ?? 0, stagedCount: staged.get(row.id) ?? 0 }
    return toTarget(row, { bindings, ...held, freeBytes: free[index] ?? null })
  })
}
