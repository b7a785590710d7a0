import type { Sql } from './database.ts'

/** When recurring jobs are due. Times are milliseconds since the epoch. */
export const jobScheduleTable = (sql: Sql) => ({
  async dueTimes(names: readonly string[]): Promise<Map<string, number>> {
    if (names.length === 0) return new Map()
    const rows = await sql
      .selectFrom('job_schedules')
      .select(['name', 'next_at'])
      .where('name', 'in', [...names])
      .execute()
    return new Map(rows.map((row) => [row.name, row.next_at]))
  },
  /** Leaves a schedule that is there as it is. */
  async begin(name: string, nextAt: number): Promise<void> {
    await sql
      .insertInto('job_schedules')
      .values({ name, next_at: nextAt })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
  },
  /** True for the one caller that moves the schedule from `from`; `now` where its job is enqueued with that. */
  async advance(name: string, from: number, to: { nextAt: number; now: number | null }): Promise<boolean> {
    const { numUpdatedRows } = await sql
      .updateTable('job_schedules')
      .set({ next_at: to.nextAt, ...(to.now === null ? {} : { last_at: to.now }) })
      .where('name', '=', name)
      .where('next_at', '=', from)
      .executeTakeFirst()
    return numUpdatedRows === 1n
  },
})
