import type { Clock } from '../../core/clock.ts'
import type { Store } from '../../db/store.ts'
import type { JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Dead jobs stay for someone to look at; the log keeps that they died for ever. */
const DONE_KEPT = 7 * DAY
const DEAD_KEPT = 90 * DAY
const AT_ONCE = 500

export const purgeJobsSchedule: Schedule = { name: 'jobs.purge', kind: 'jobs.purge', everyMilliseconds: DAY, offsetMilliseconds: 3 * HOUR }

/** Forgets jobs that ended long ago, some at a time. */
export const purgeJobsHandler = (deps: { store: Store; clock: Clock }): JobHandler => ({
  kind: 'jobs.purge',
  async handle(_job, { signal }) {
    const now = deps.clock.now()
    for (const [statuses, before] of [[['done', 'cancelled'], now - DONE_KEPT] as const, [['dead'], now - DEAD_KEPT] as const]) {
      let purged = AT_ONCE
      while (purged === AT_ONCE) {
        signal.throwIfAborted()
        purged = await deps.store.transaction((tx) => tx.jobs.purge(statuses, before, AT_ONCE))
      }
    }
  },
})
