import { sql as raw, type Selectable } from 'kysely'
import type { Clock } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import type { Sql } from './database.ts'
import { keptQuery } from './kept-query.ts'
import { rowsInsert } from './row-insert.ts'
import type { Schema } from './schema.ts'

/** Attempts before a job is given up: with the worker's backoff, several hours. */
const DEFAULT_MAX_ATTEMPTS = 15

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

export type JobStatus = Schema['jobs']['status']

/** A job as an administrator sees it. `attempts` counts those begun, `error` is that of the latest one that failed. */
export type JobRow = {
  readonly id: string
  readonly kind: string
  readonly tenantId: string | null
  readonly payload: Record<string, unknown>
  readonly status: JobStatus
  readonly attempts: number
  readonly maxAttempts: number
  readonly cancelRequested: boolean
  readonly progress: Record<string, unknown> | null
  readonly error: string | null
  readonly runAt: number
  readonly createdAt: number
  readonly finishedAt: number | null
}

export type JobFilter = { readonly status?: JobStatus | undefined; readonly kind?: string | undefined }

/** What workers of the same process are told of: jobs that they may claim now, or cancelled ones that they may be running. */
export type JobChange = 'due' | 'cancelled'

export type JobTableDeps = { readonly clock: Clock; readonly jobsChanged: (change: JobChange) => void }

/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isActive = raw<boolean>`status in ('queued', 'running')`

const toJob = (row: Selectable<Schema['jobs']>): JobRow => ({
  id: row.id,
  kind: row.kind,
  tenantId: row.tenant_id,
  payload: JSON.parse(row.payload),
  status: row.status,
  attempts: row.attempts,
  maxAttempts: row.max_attempts,
  cancelRequested: row.cancel_requested === 1,
  progress: row.progress === null ? null : JSON.parse(row.progress),
  error: row.error,
  runAt: row.run_at,
  createdAt: row.created_at,
  finishedAt: row.finished_at,
})

const toRow = (job: NewJob, now: number) => ({
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
})

const insertJob = keptQuery((sql, row: ReturnType<typeof toRow>) =>
  sql
    .insertInto('jobs')
    .values({
      id: row.id,
      kind: row.kind,
      tenant_id: row.tenant_id,
      payload: row.payload,
      unique_key: row.unique_key,
      status: row.status,
      run_at: row.run_at,
      attempts: row.attempts,
      max_attempts: row.max_attempts,
      cancel_requested: row.cancel_requested,
      created_at: row.created_at,
    })
    .onConflict((conflict) => conflict.column('unique_key').where(isActive).doNothing())
    .returning('id'),
)
const insertJobs = rowsInsert('jobs', ` on conflict (unique_key) where status in ('queued', 'running') do nothing`)

/** The jobs of `tenantId` and the system's own, which belong to no tenant. */
const visible = (tenantId: string) => raw<boolean>`(tenant_id = ${tenantId} or tenant_id is null)`

async function findActive(sql: Sql, uniqueKey: string): Promise<string> {
  const active = await sql.selectFrom('jobs').select('id').where('unique_key', '=', uniqueKey).where(isActive).executeTakeFirstOrThrow()
  return active.id
}

/** What services do with jobs; running them is `jobLeases`. Changes are made in the caller's transaction. */
export const jobTable = (sql: Sql, { clock, jobsChanged }: JobTableDeps) => ({
  /** Answers the id of the job, of the active one where `uniqueKey` is taken. It is claimed once the transaction has committed. */
  async enqueue(job: NewJob): Promise<string> {
    const [added] = (await insertJob(sql, toRow(job, clock.now()))).rows
    jobsChanged('due')
    return added ? added.id : await findActive(sql, job.uniqueKey as string)
  },
  /** As `enqueue`, of up to some hundred jobs with one statement. */
  async enqueueAll(jobs: readonly NewJob[]): Promise<void> {
    const now = clock.now()
    await insertJobs(
      sql,
      jobs.map((job) => toRow(job, now)),
    )
    jobsChanged('due')
  },
  /** Whether a job with this key is queued or running. */
  async isActive(uniqueKey: string): Promise<boolean> {
    const row = await sql.selectFrom('jobs').select('id').where('unique_key', '=', uniqueKey).where(isActive).executeTakeFirst()
    return row !== undefined
  },
  /** The queued or running job with this key. */
  async findActive(uniqueKey: string): Promise<JobRow | null> {
    const row = await sql.selectFrom('jobs').selectAll().where('unique_key', '=', uniqueKey).where(isActive).executeTakeFirst()
    return row ? toJob(row) : null
  },
  /** The queued and running ones with these keys, by key. */
  async findAllActive(uniqueKeys: readonly string[]): Promise<Map<string, JobRow>> {
    if (uniqueKeys.length === 0) return new Map()
    const rows = await sql
      .selectFrom('jobs')
      .selectAll()
      .where('unique_key', 'in', [...uniqueKeys])
      .where(isActive)
      .execute()
    return new Map(rows.map((row) => [row.unique_key ?? '', toJob(row)]))
  },
  async find(tenantId: string, id: string): Promise<JobRow | null> {
    const row = await sql.selectFrom('jobs').selectAll().where('id', '=', id).where(visible(tenantId)).executeTakeFirst()
    return row ? toJob(row) : null
  },
  /** Newest first, those before the id `before`. */
  async list(tenantId: string, filter: JobFilter, page: { limit: number; before: string | null }): Promise<JobRow[]> {
    let query = sql.selectFrom('jobs').selectAll().where(visible(tenantId))
    if (filter.status !== undefined) query = query.where('status', '=', filter.status)
    if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toJob)
  },
  /**
   * Queues a dead or cancelled job anew, with all its attempts. False where it is neither, or is not there.
   * `DatabaseConflict` of `jobs_unique_key` where another job with its key is active by now.
   */
  async retry(tenantId: string, id: string): Promise<boolean> {
    const { numUpdatedRows } = await sql
      .updateTable('jobs')
      .set({ status: 'queued', attempts: 0, cancel_requested: 0, run_at: clock.now(), finished_at: null, progress: null })
      .where('id', '=', id)
      .where(visible(tenantId))
      .where('status', 'in', ['dead', 'cancelled'])
      .executeTakeFirst()
    jobsChanged('due')
    return numUpdatedRows === 1n
  },
  /** Lets the tenant's jobs of these kinds that wait after a failure be tried now. */
  async hurry(tenantId: string, kinds: readonly string[]): Promise<void> {
    await sql
      .updateTable('jobs')
      .set({ run_at: clock.now() })
      .where('tenant_id', '=', tenantId)
      .where('kind', 'in', [...kinds])
      .where('status', '=', 'queued')
      .where('error', 'is not', null)
      .where('run_at', '>', clock.now())
      .execute()
    jobsChanged('due')
  },
  /** A queued job is cancelled at once, a running one once its handler has stopped. False where it is neither, or is not there. */
  async cancel(tenantId: string, id: string): Promise<boolean> {
    const job = sql.updateTable('jobs').where('id', '=', id).where(visible(tenantId))
    const queued = await job.set({ status: 'cancelled', finished_at: clock.now() }).where('status', '=', 'queued').executeTakeFirst()
    const running = await job.set({ cancel_requested: 1 }).where('status', '=', 'running').executeTakeFirst()
    jobsChanged('cancelled')
    return queued.numUpdatedRows + running.numUpdatedRows === 1n
  },
  /** Forgets up to `limit` jobs with one of `statuses` that finished before `before`. Answers how many. */
  async purge(statuses: readonly JobStatus[], before: number, limit: number): Promise<number> {
    const old = sql
      .selectFrom('jobs')
      .select('id')
      .where('finished_at', '<', before)
      .where('status', 'in', [...statuses])
      .orderBy('finished_at')
      .limit(limit)
    return Number((await sql.deleteFrom('jobs').where('id', 'in', old).executeTakeFirst()).numDeletedRows)
  },
})
