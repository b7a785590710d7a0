import { type PageOf, Problem, type S3Policy, type S3PolicyQuery, type Target, type TargetCreate, type TargetTry } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import type { Tx } from '../db/store.ts'
import type { TargetRow } from '../db/targets.ts'
import { existing, requireVersion, toldBy } from './caller.ts'
import { type DirectTestRequest, testDirect } from './direct/test-direct.ts'
import { cutPage, fromCursor, type PageRequest, rowsFor } from './pages.ts'
import type { TargetDeps } from './target-deps.ts'
import { createTarget, type TargetChangeRequest, updateTarget } from './target-save.ts'
import { describeS3Policy, type TestRequest, testTarget, tryTarget } from './target-try.ts'
import { describeTargets, getTarget } from './target-view.ts'

export type { TargetBackends, TargetDeps } from './target-deps.ts'
export { getTarget } from './target-view.ts'

/** Storage targets (T1). Credentials go in and never come out. */
export const targetService = (deps: TargetDeps) => ({
  /** Those in use, or with `removed` those that were deleted and still have files (T9). */
  async list(caller: Caller, page: PageRequest & { removed?: boolean }): Promise<PageOf<Target>> {
    const { targets } = deps.store.read
    const at = { limit: rowsFor(page), after: fromCursor(page.cursor) }
    const rows = await (page.removed ? targets.listOrphaned(caller.tenantId, at) : targets.list(caller.tenantId, at))
    const cut = cutPage(rows, page)
    return { items: await describeTargets(deps, caller, cut.rows), nextCursor: cut.nextCursor }
  },

  async get(caller: Caller, id: string): Promise<Target> {
    const row = await getTarget(deps.store.read, caller.tenantId, id)
    return existing((await describeTargets(deps, caller, [row]))[0] ?? null, 'storage target')
  },

  /**
   * CONFLICT where one of the tenant is at this place. A removed one at the same place is taken back under the new name, with its id,
   * its files and its usage (T9, ADR 8); nobody has to be reached for it.
   */
  async create(caller: Caller, request: TargetCreate): Promise<Target> {
    return this.get(caller, await createTarget(deps, caller, request))
  },

  /** Sends a small file the way that those of Direct go (R3). */
  testDirect: (caller: Caller, request: DirectTestRequest) => testDirect(deps, caller, request),

  /** VALIDATION_ERROR where the place would be another storage. Credentials that are not given stay. */
  async update(caller: Caller, id: string, request: TargetChangeRequest): Promise<Target> {
    await updateTarget(deps, caller, id, request)
    return this.get(caller, id)
  },

  /**
   * Takes a target out of use; its files become orphans (T9), and those that are still to be synced to it stay, readable, where they
   * are staged, until it is taken back. CONFLICT for the built-in one (T2), for one that a role is bound to, and, without its name as
   * `confirm`, for one that still has files or that files are on their way to.
   */
  async remove(caller: Caller, id: string, options: { expectedVersion: number | null; confirm: string | null }): Promise<void> {
    await deps.store.transaction(async (tx) => {
      const row = await getTarget(tx, caller.tenantId, id)
      requireVersion(row, options.expectedVersion)
      if (row.builtin) throw new Problem('CONFLICT', 'The built-in Local target cannot be deleted. Set a quota to limit it.')
      const counts = await requireRemovable(tx, row, options.confirm)
      await tx.targets.remove(caller.tenantId, id, deps.clock.now())
      await tx.audit.append({ ...toldBy(caller), action: 'DELETE', details: { kind: 'target', name: row.name, targetId: id, ...counts } })
    })
  },

  test: (caller: Caller, id: string, request: TestRequest = {}) => testTarget(deps, caller, id, request),
  tryOut: (caller: Caller, fields: TargetTry, request: TestRequest = {}) => tryTarget(deps, caller, fields, request),
  s3Policy: (query: S3PolicyQuery): S3Policy => describeS3Policy(deps, query),
})
export type TargetService = ReturnType<typeof targetService>

type Counts = { readonly fileCount: number; readonly stagedCount: number; readonly heldCount: number }

async function requireRemovable(tx: Tx, row: TargetRow, confirm: string | null): Promise<Counts> {
  const bound = (await tx.roleBindings.list(row.tenantId)).filter((binding) => binding.targetId === row.id)
  if (bound.length > 0) {
    const names = bound.map((binding) => binding.role).join(', ')
    throw new Problem('CONFLICT', `The target serves the role ${names}. Bind another target first.`)
  }
  const counts = {
    fileCount: (await tx.targets.fileCounts(row.tenantId, [row.id])).get(row.id) ?? 0,
    stagedCount: (await tx.targets.stagedCounts(row.tenantId, [row.id])).get(row.id) ?? 0,
    heldCount: await tx.holds.countAt(row.tenantId, row.id),
  }
  if ((counts.fileCount > 0 || row.reservedBytes > 0) && confirm !== row.name) {
    throw new Problem('CONFLICT', `${sayHeld(counts)} Repeat the target's name as confirm to delete it.`, { extra: counts })
  }
  return counts
}

function sayHeld({ fileCount, stagedCount, heldCount }: Counts): string {
  const told = [
    ...(fileCount > 0 ? [`${fileCount} files are stored there and could not be read any more.`] : []),
    ...(stagedCount > 0 ? [`${stagedCount} files are still to be synced there; they would stay where they are staged.`] : []),
    ...(heldCount > 0 ? [`${heldCount} files there are under a legal hold and stay held.`] : []),
  ]
  return told.length > 0 ? told.join(' ') : 'Files are on their way there.'
}
