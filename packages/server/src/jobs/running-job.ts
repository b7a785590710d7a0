import type { Clock } from '../core/clock.ts'
import type { CrashPoints } from '../core/crash-point.ts'
import type { ClaimedJob, JobLeases, JobOutcome, Lease, LeaseState } from '../db/job-leases.ts'
import type { TenantScopes } from '../db/tenant-scopes.ts'
import { GiveUp, type JobHandler, type JobLogger } from './job-handler.ts'

const PROGRESS_MILLISECONDS = 1_000
const BACKOFF_MILLISECONDS = 2_000
const LONGEST_BACKOFF_MILLISECONDS = 3_600_000
const SETTLE_ATTEMPTS = 5
const MAX_ERROR_CHARACTERS = 1_000

/** Why the signal of a handler fires. */
export class JobCancelled extends Error {
  override readonly name = 'JobCancelled'
}
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}
export class WorkerStopping extends Error {
  override readonly name = 'WorkerStopping'
}

export type RunDeps = {
  readonly leases: JobLeases
  readonly scopes: TenantScopes
  readonly clock: Clock
  readonly logger: JobLogger
  readonly points: CrashPoints
  readonly random: () => number
}

/**
 * Doubles from about 2 s to 1 h, each time between half of it and all, so that jobs that failed together do not come back together.
 * Whole, since times are stored as whole milliseconds.
 */
export const backoffMilliseconds = (attempt: number, random: () => number): number =>
  Math.round(Math.min(BACKOFF_MILLISECONDS * 2 ** (attempt - 1), LONGEST_BACKOFF_MILLISECONDS) * (0.5 + random() / 2))

/** One attempt at a job, from its claim until its outcome is recorded. */
export class RunningJob {
  readonly lease: Lease
  /** Resolves, never rejects, once nothing of the attempt is left to do. */
  readonly ended: Promise<void>
  readonly #job: ClaimedJob
  readonly #deps: RunDeps
  readonly #abort = new AbortController()
  #until: number
  #progress: Record<string, unknown> | null = null
  #unwritten = false
  #writtenAt = Number.NEGATIVE_INFINITY

  constructor(job: ClaimedJob, handler: JobHandler, deps: RunDeps & { until: number }) {
    this.lease = job.lease
    this.#job = job
    this.#deps = deps
    this.#until = deps.until
    this.ended = this.#run(handler)
  }

  /** `state` is null where the lease is another's by now. */
  renewed(state: LeaseState | null, until: number): void {
    if (state) this.#until = until
    this.#heed(state)
  }

  /** Called now and then: ends the attempt where its lease could not be renewed in time, and writes progress that waits. */
  async tick(): Promise<void> {
    if (this.#deps.clock.now() >= this.#until) this.#abort.abort(new LeaseLost('The lease ran out'))
    else if (this.#unwritten) await this.#writeProgress()
  }

  /** Asks the handler to end; the job goes back to the queue. */
  stop(): void {
    this.#abort.abort(new WorkerStopping('The worker stops'))
  }

  async #run(handler: JobHandler): Promise<void> {
    const { lease, payload, tenantId } = this.#job
    const context = { signal: this.#abort.signal, progress: (progress: Record<string, unknown>) => this.#tell(progress) }
    let outcome: JobOutcome | null
    try {
      this.#deps.points.reach('job.after-claim')
      const job = { id: lease.jobId, tenantId, payload, attempt: lease.attempt }
      await this.#deps.scopes.within(tenantId, () => handler.handle(job, context))
      this.#deps.points.reach('job.before-finish')
      outcome = { status: 'done' }
    } catch (error) {
      outcome = this.#outcomeOf(error)
    }
    if (outcome) await this.#settle(outcome)
  }

  /** Null where the lease is lost and the outcome is not ours to tell. */
  #outcomeOf(error: unknown): JobOutcome | null {
    const { signal } = this.#abort
    if (signal.aborted && signal.reason instanceof LeaseLost) return null
    if (signal.aborted && signal.reason instanceof JobCancelled) return { status: 'cancelled' }
    if (signal.aborted && signal.reason instanceof WorkerStopping) return { status: 'released' }
    const { logger, clock, random } = this.#deps
    const { attempt } = this.lease
    const told = (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_CHARACTERS)
    const dead = error instanceof GiveUp || attempt >= this.#job.maxAttempts
    const fields = { err: error, jobId: this.lease.jobId, kind: this.#job.kind, attempt }
    if (dead) logger.error(fields, 'A job failed for good')
    else logger.warn(fields, 'A job failed and will be tried again')
    return dead
      ? { status: 'dead', error: told }
      : { status: 'queued', error: told, runAt: clock.now() + backoffMilliseconds(attempt, random) }
  }

  async #settle(outcome: JobOutcome): Promise<void> {
    const { leases, logger, clock } = this.#deps
    const fields = { jobId: this.lease.jobId, kind: this.#job.kind, outcome: outcome.status }
    for (let attempt = 1; attempt <= SETTLE_ATTEMPTS; attempt++) {
      try {
        const mine = await leases.settle(this.lease, outcome, this.#progress)
        if (!mine) logger.warn(fields, 'A job ended after its lease was lost')
        return
      } catch (error) {
        logger.error({ ...fields, err: error }, 'The outcome of a job could not be recorded')
        await clock.sleep(PROGRESS_MILLISECONDS)
      }
    }
  }

  async #tell(progress: Record<string, unknown>): Promise<void> {
    this.#abort.signal.throwIfAborted()
    this.#progress = progress
    this.#unwritten = true
    if (this.#deps.clock.now() - this.#writtenAt >= PROGRESS_MILLISECONDS) await this.#writeProgress()
  }

  async #writeProgress(): Promise<void> {
    if (!this.#progress) return
    this.#writtenAt = this.#deps.clock.now()
    this.#unwritten = false
    this.#heed(await this.#deps.leases.progress(this.lease, this.#progress))
  }

  #heed(state: LeaseState | null): void {
    if (state === null) this.#abort.abort(new LeaseLost('Another worker has the job'))
    else if (state.cancelRequested) this.#abort.abort(new JobCancelled('The job was cancelled'))
  }
}
