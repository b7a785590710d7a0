import type { Instance } from './open-instance.ts'
import type { TargetBackends } from './services/targets.ts'
import { checkAddress } from './storage/open-target.ts'
import { testTarget } from './storage/probe.ts'

/** A target that does not answer within this time is not waited for by a page that only shows its free space. */
const FREE_SPACE_MILLISECONDS = 2000

/** What the service of targets needs of the drivers. */
export function createTargetBackends({ pool, clock, openTarget }: Instance): TargetBackends {
  return {
    check: checkAddress,
    async freeBytes(row, signal) {
      const limit = AbortSignal.timeout(FREE_SPACE_MILLISECONDS)
      const either = signal ? AbortSignal.any([signal, limit]) : limit
      return pool.use(row, async (target) => (await target.space?.free({ signal: either })) ?? null).catch(() => null)
    },
    test: (row, signal) => testTarget({ kind: row.kind, clock, open: () => openTarget(row), ...(signal ? { signal } : {}) }),
  }
}
