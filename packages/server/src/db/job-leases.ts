import { sql as raw } from 'kysely'
import { systemActor, systemTenantId } from '../core/actor.ts'
import type { Clock } from '../core/clock.ts'
import type { Database, Sql } from './database.ts'

import type { Tx } from './store.ts'

/** The right to work on a job, of one attempt. Without it nothing of the job can be changed by who works on it. */
export type Lease = { readonly jobId: string; readonly owner: string; readonly attempt: number }

export type ClaimedJob = {
  readonly lease: Lease
  readonly kind: string
  readonly tenantId: string | null
  readonly payload: Record<string, unknown>
  readonly maxAttempts: number
}

export type LeaseState = { readonly jobId: string; readonly cancelRequested: boolean }

/** How an attempt ended. `dead` is for an administrator to look at, and is written into the log. */
export type JobOutcome =
  | { readonly status: 'done' | 'cancelled' }
  | { readonly status: 'queued'; readonly error: string; readonly runAt: number }
  | { readonly status: 'dead'; readonly error: string }
  /** Given back untouched: the attempt does not count. */
  | { readonly status: 'released' }

export type LeaseDeps = {
  readonly clock: Clock
  readonly transaction: <T>(work: (tx: Tx, sql: Sql) => Promise<T>) => Promise<T>
}

const EXPIRED_AT_ONCE = 100

/**
 * Who works on which job. A job has one lease at a time; it ends with `settle`, or at the time it was claimed or renewed
 * until, from when on `takeOver` gives the job to the next one. Times are those of the callers' clocks, which may differ
 * by a small part of a lease.
 */
export function jobLeases(database: Database, deps: LeaseDeps) {
  // Each is one statement, whole by itself; on SQLite those of several workers share a commit.
  const once = <T>(run: (sql: Sql) => Promise<T>) => (database.kind === 'sqlite' ? database.transaction(run) : run(database.writer))
  return {
    /** Up to `limit` due jobs of `kinds`, the longest due first, each to this owner alone until `until`. */
    claim: (owner: string, wanted: { kinds: readonly string[]; limit: number; until: number }) =>
      once((sql) => claim(sql, owner, { ...wanted, kind: database.kind, now: deps.clock.now() })),
    /** Holds on to those of `leases` that are still the owner's, until `until`; the others are missing from the answer. */
    renew: (owner: string, leases: readonly Lease[], until: number) => once((sql) => renew(sql, owner, { leases, until })),
    /** Null where the lease is lost. */
    progress: (lease: Lease, progress: Record<string, unknown>) => once((sql) => setProgress(sql, lease, progress)),
    /** Ends the lease. False where it was lost before: the outcome is then another's to tell. */
    settle: (lease: Lease, outcome: JobOutcome, progress: Record<string, unknown> | null) =>
      outcome.status === 'dead'
        ? deps.transaction((tx, sql) => bury(tx, sql, { lease, error: outcome.error, now: deps.clock.now() }))
        : once((sql) => settle(sql, lease, { outcome, progress, now: deps.clock.now() })),
    /** Queues jobs whose lease has run out again, buries those that have no attempt left. Answers how many it found. */
    takeOver: () => takeOver(database, deps, deps.clock.now()),
    /** As `takeOver`, of every lease there is: for who knows that no worker but him is alive. */
    takeOverAll: () => takeOver(database, deps, Number.MAX_SAFE_INTEGER),
  }
}
export type JobLeases = ReturnType<typeof jobLeases>

type Wanted = { kinds: readonly string[]; limit: number; until: number; now: number; kind: Database['kind'] }

async function claim(sql: Sql, owner: string, wanted: Wanted): Promise<ClaimedJob[]> {
  if (wanted.kinds.length === 0 || wanted.limit < 1) return []
  const rows = await sql
    .with(
      (cte) => cte('due').materialized(),
      (within) => {
        const due = within
          .selectFrom('jobs')
          .select('id as due_id')
          .where(raw<boolean>`status = 'queued'`)
          .where('run_at', '<=', wanted.now)
          .where('kind', 'in', [...wanted.kinds])
          .orderBy('run_at')
          .orderBy('id')
          .limit(wanted.limit)
        // SQLite has one writer at a time anyway.
        return wanted.kind === 'postgres' ? due.forUpdate().skipLocked() : due
      },
    )
    .updateTable('jobs')
    .from('due')
    .set((set) => ({ status: 'running', attempts: set('attempts', '+', 1), lease_owner: owner, lease_until: wanted.until }))
    .whereRef('jobs.id', '=', 'due.due_id')
    .returning(['id', 'kind', 'tenant_id', 'payload', 'attempts', 'max_attempts', 'run_at'])
    .execute()
  return rows
    .sort((a, b) => a.run_at - b.run_at || (a.id < b.id ? -1 : 1))
    .map((row) => ({
      lease: { jobId: row.id, owner, attempt: row.attempts },
      kind: row.kind,
      tenantId: row.tenant_id,
      payload: JSON.parse(row.payload) as Record<string, unknown>,
      maxAttempts: row.max_attempts,
    }))
}

/** The row of the job, if the lease is still this one. */
const held = (sql: Sql, lease: Lease) =>
  sql
    .updateTable('jobs')
    .where('id', '=', lease.jobId)
    .where('status', '=', 'running')
    .where('lease_owner', '=', lease.owner)
    .where('attempts', '=', lease.attempt)

async function renew(sql: Sql, owner: string, held: { leases: readonly Lease[]; until: number }): Promise<LeaseState[]> {
  if (held.leases.length === 0) return []
  const attempts = new Map(held.leases.map((lease) => [lease.jobId, lease.attempt]))
  const rows = await sql
    .updateTable('jobs')
    .set({ lease_until: held.until })
    .where('id', 'in', [...attempts.keys()])
    .where('status', '=', 'running')
    .where('lease_owner', '=', owner)
    .returning(['id', 'attempts', 'cancel_requested'])
    .execute()
  return rows
    .filter((row) => attempts.get(row.id) === row.attempts)
    .map((row) => ({ jobId: row.id, cancelRequested: row.cancel_requested === 1 }))
}

async function setProgress(sql: Sql, lease: Lease, progress: Record<string, unknown>): Promise<LeaseState | null> {
  const row = await held(sql, lease)
    .set({ progress: JSON.stringify(progress) })
    .returning('cancel_requested')
    .executeTakeFirst()
  return row ? { jobId: lease.jobId, cancelRequested: row.cancel_requested === 1 } : null
}

const noLease = { lease_owner: null, lease_until: null } as const

async function settle(
  sql: Sql,
  lease: Lease,
  end: { outcome: Exclude<JobOutcome, { status: 'dead' }>; progress: Record<string, unknown> | null; now: number },
): Promise<boolean> {
  const { outcome, now } = end
  const told = end.progress ? { progress: JSON.stringify(end.progress) } : {}
  const change = () => {
    if (outcome.status === 'queued') return { status: 'queued' as const, run_at: outcome.runAt, error: outcome.error }
    if (outcome.status === 'released') return { status: 'queued' as const, attempts: lease.attempt - 1, run_at: now }
    return { status: outcome.status, finished_at: now, ...(outcome.status === 'done' ? { error: null } : {}) }
  }
  const { numUpdatedRows } = await held(sql, lease)
    .set({ ...change(), ...noLease, ...told })
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** The job is dead and the log tells of it, both or neither. */
async function bury(tx: Tx, sql: Sql, end: { lease: Lease; error: string; now: number }): Promise<boolean> {
  const job = await held(sql, end.lease)
    .set({ status: 'dead', finished_at: end.now, error: end.error, ...noLease })
    .returning(['id', 'kind', 'tenant_id'])
    .executeTakeFirst()
  if (!job) return false
  await tx.audit.append({
    tenantId: job.tenant_id ?? systemTenantId,
    actor: systemActor,
    requestId: null,
    action: 'JOB_DEAD',
    result: 'failed',
    details: { jobId: job.id, jobKind: job.kind, reason: end.error },
  })
  return true
}

async function takeOver(database: Database, deps: LeaseDeps, until: number): Promise<number> {
  const now = deps.clock.now()
  const expired = (sql: Sql) =>
    sql
      .selectFrom('jobs')
      .select(['id', 'attempts', 'max_attempts', 'cancel_requested', 'lease_owner'])
      .where(raw<boolean>`status = 'running'`)
      .where('lease_until', '<=', until)
      .orderBy('lease_until')
      .limit(EXPIRED_AT_ONCE)
  if ((await expired(database.sql).execute()).length === 0) return 0
  return await deps.transaction(async (tx, sql) => {
    const rows = await (database.kind === 'postgres' ? expired(sql).forUpdate().skipLocked() : expired(sql)).execute()
    for (const row of rows) {
      const lease = { jobId: row.id, owner: row.lease_owner as string, attempt: row.attempts }
      const error = 'The process that worked on it ended or hung'
      if (row.cancel_requested === 1) await settle(sql, lease, { outcome: { status: 'cancelled' }, progress: null, now })
      else if (row.attempts >= row.max_attempts) await bury(tx, sql, { lease, error, now })
      else await settle(sql, lease, { outcome: { status: 'queued', error, runAt: now }, progress: null, now })
    }
    return rows.length
  })
}
