import { LOCK_HELD, LOCK_OBJECT, SWEEP_HOLDS } from '../../services/holds/job-kinds.ts'
import { type LockDeps, lockHeld, lockObject, sweepHolds } from '../../services/holds/lock-objects.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'
import { filePlace } from './file-place.ts'

/** What takes legal holds to the objects, at targets with Object Lock. */
export const holdHandlers = (deps: LockDeps): JobHandler[] => [
  {
    kind: LOCK_HELD,
    async handle({ tenantId, payload }, { signal }) {
      if (tenantId === null || typeof payload.holdId !== 'string') throw new GiveUp('The job names no hold')
      await lockHeld(deps, { tenantId, holdId: payload.holdId }, signal)
    },
  },
  {
    kind: LOCK_OBJECT,
    async handle(job, { signal }) {
      const place = filePlace(job)
      if (!place) throw new GiveUp('The job names no file')
      await lockObject(deps, place, signal)
    },
  },
  { kind: SWEEP_HOLDS, handle: () => sweepHolds(deps) },
]

const HOUR = 3_600_000
export const sweepHoldsSchedule: Schedule = {
  name: SWEEP_HOLDS,
  kind: SWEEP_HOLDS,
  everyMilliseconds: 24 * HOUR,
  offsetMilliseconds: 4 * HOUR,
  maxAttempts: 3,
}
