import { sql as raw } from 'kysely'
import type { Clock } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import type { Sql } from './database.ts'

/** Attempts before a job is given up: with the worker's backoff, several hours. */
const DEFAULT_MAX_ATTEMPTS = 15

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isActive = raw<boolean>`status in ('queued', 'running')`

export type NewJob = {
  readonly kind: string
  /** Null for the system's own. */
  readonly tenantId: string | null
  readonly payload: Record<string, unknown>
  /** While a job with this key is queued or running, no second one is added. Name the thing in it, e.g. `verify:{fileId}`. */
  readonly uniqueKey?: string
  /** Milliseconds since the epoch; now where absent. */
  readonly runAt?: number
  readonly maxAttempts?: number
}

export const jobTable = (sql: Sql, deps: { clock: Clock; enqueued: () => void }) => ({
  /** Answers the id of the job, of the active one where `uniqueKey` is taken. It is claimed once the transaction has committed. */
  async enqueue(job: NewJob): Promise<string> {
    const now = deps.clock.now()
    const row = {
      id: newId(),
      kind: job.kind,
      tenant_id: job.tenantId,
      payload: JSON.stringify(job.payload),
      unique_key: job.uniqueKey ?? null,
      status: 'queued' as const,
      run_at: job.runAt ?? now,
      attempts: 0,
      max_attempts: job.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
      cancel_requested: 0 as const,
      created_at: now,
    }
    const added = await sql
      .insertInto('jobs')
      .values(row)
      .onConflict((conflict) => conflict.column('unique_key').where(isActive).doNothing())
      .returning('id')
      .executeTakeFirst()
    deps.enqueued()
    if (added) return added.id
    const active = await sql
      .selectFrom('jobs')
      .select('id')
      .where('unique_key', '=', row.unique_key)
      .where(isActive)
      .executeTakeFirstOrThrow()
    return active.id
  },
})
