import { Problem } from '@holdfast/api'
import type { Store } from '../db/store.ts'
import type { TargetRow } from '../db/targets.ts'
import type { TargetLease, TargetPool } from '../storage/target-pool.ts'
import { targetRemoved } from './target-view.ts'

/** The way from the id that a file is stamped with to its open target. */
export interface TargetAccess {
  /** TARGET_REMOVED where the target was removed, NOT_FOUND where the tenant has none of this id; else as the driver says. */
  lease(tenantId: string, targetId: string): Promise<TargetLease>
}

export const createTargetAccess = (deps: { store: Store; pool: TargetPool<TargetRow> }): TargetAccess => ({
  async lease(tenantId, targetId) {
    const row = await deps.store.read.targets.find(tenantId, targetId)
    if (!row) throw new Problem('NOT_FOUND', 'There is no such target.')
    if (row.removedAt !== null) throw targetRemoved(row.name)
    return deps.pool.lease(row)
  },
})
