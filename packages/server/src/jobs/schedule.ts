import type { Clock } from '../core/clock.ts'
import type { Store } from '../db/store.ts'

/** A recurring job: due at each multiple of `everyMilliseconds` since the epoch, plus the offset. A daily one counts days in UTC. */
export type Schedule = {
  /** Names its row; stays the same when the period changes. */
  readonly name: string
  readonly kind: string
  readonly everyMilliseconds: number
  readonly offsetMilliseconds?: number
  readonly payload?: Record<string, unknown>
  readonly maxAttempts?: number
}

const nextAfter = (schedule: Schedule, now: number): number => {
  const offset = schedule.offsetMilliseconds ?? 0
  const period = schedule.everyMilliseconds
  return (Math.floor((now - offset) / period) + 1) * period + offset
}

/**
 * Enqueues the jobs of the schedules that are due, each once however many instances call this. Times that passed while
 * nobody ran are made up for by one job; while the last one still runs no second one is added. Answers how many it enqueued.
 */
export async function enqueueDue(store: Store, clock: Clock, schedules: readonly Schedule[]): Promise<number> {
  if (schedules.length === 0) return 0
  const now = clock.now()
  const dueTimes = await store.read.jobSchedules.dueTimes(schedules.map(({ name }) => name))
  let enqueued = 0
  for (const schedule of schedules) {
    const due = dueTimes.get(schedule.name)
    const nextAt = nextAfter(schedule, now)
    if (due === undefined) await store.transaction((tx) => tx.jobSchedules.begin(schedule.name, nextAt))
    else if (due <= now) enqueued += Number(await advance(store, schedule, { due, nextAt, now }))
    // The period was shortened since.
    else if (due > nextAt) await store.transaction((tx) => tx.jobSchedules.advance(schedule.name, due, { nextAt, now: null }))
  }
  return enqueued
}

const advance = (store: Store, schedule: Schedule, at: { due: number; nextAt: number; now: number }): Promise<boolean> =>
  store.transaction(async (tx) => {
    if (!(await tx.jobSchedules.advance(schedule.name, at.due, at))) return false
    await tx.jobs.enqueue({
      kind: schedule.kind,
      tenantId: null,
      payload: schedule.payload ?? {},
      uniqueKey: `schedule:${schedule.name}`,
      ...(schedule.maxAttempts === undefined ? {} : { maxAttempts: schedule.maxAttempts }),
    })
    return true
  })
