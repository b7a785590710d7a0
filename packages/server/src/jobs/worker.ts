import type { Clock } from '../core/clock.ts'
import { type CrashPoints, noCrashPoints } from '../core/crash-point.ts'
import { newId } from '../core/ids.ts'
import type { Store } from '../db/store.ts'
import type { JobHandler, JobLogger } from './job-handler.ts'
import { RunningJob } from './running-job.ts'
import { enqueueDue, type Schedule } from './schedule.ts'
import { type WakeUp, wakeUp } from './wake-up.ts'

const CONCURRENCY = 4
const LEASE_MILLISECONDS = 60_000
const POLL_MILLISECONDS = 1_000
const RENEW_MILLISECONDS = 5_000
/** How long `stop` waits for jobs to end by themselves, and then for those whose signal it fired. */
const DRAIN_MILLISECONDS = 5_000
const ABORT_MILLISECONDS = 5_000

export type WorkerDeps = {
  readonly store: Store
  readonly handlers: readonly JobHandler[]
  readonly schedules?: readonly Schedule[]
  readonly clock: Clock
  readonly logger: JobLogger
  readonly points?: CrashPoints
  /** Jobs at once. */
  readonly concurrency?: number
  readonly leaseMilliseconds?: number
  /** How long a job that another process enqueued, or that became due, waits at most to be seen. */
  readonly pollMilliseconds?: number
  readonly drainMilliseconds?: number
  /** No other worker is on this database: jobs that one before left behind are taken over at once instead of after their lease. */
  readonly alone?: boolean
  readonly random?: () => number
}

export interface Worker extends AsyncDisposable {
  start(): void
  /**
   * Claims nothing more, waits a while for running jobs, then fires their signals and gives their leases back, so that another
   * worker goes on at once. A handler that does not heed its signal is left behind; its lease runs out by itself.
   */
  stop(): Promise<void>
}

/** Runs the jobs whose kinds have a handler. Any number of workers may share a database. */
export const createWorker = (deps: WorkerDeps): Worker => new JobWorker(deps)

class JobWorker implements Worker {
  readonly #owner = newId()
  readonly #deps: WorkerDeps
  readonly #handlers: ReadonlyMap<string, JobHandler>
  readonly #leaseMilliseconds: number
  readonly #running = new Set<RunningJob>()
  readonly #toClaim: WakeUp
  readonly #toRenew: WakeUp
  #state: 'new' | 'claiming' | 'draining' | 'stopped' = 'new'
  #claiming: Promise<void> = Promise.resolve()
  #renewing: Promise<void> = Promise.resolve()
  #unlisten = () => {}

  constructor(deps: WorkerDeps) {
    this.#deps = deps
    this.#handlers = new Map(deps.handlers.map((handler) => [handler.kind, handler]))
    if (this.#handlers.size < deps.handlers.length) throw new Error('Two handlers are for the same kind of job')
    this.#leaseMilliseconds = deps.leaseMilliseconds ?? LEASE_MILLISECONDS
    this.#toClaim = wakeUp(deps.clock)
    this.#toRenew = wakeUp(deps.clock)
  }

  start(): void {
    if (this.#state !== 'new') throw new Error('A worker starts once')
    this.#state = 'claiming'
    this.#unlisten = this.#deps.store.onJobsChanged((change) => (change === 'due' ? this.#toClaim : this.#toRenew).ring())
    this.#claiming = this.#claimLoop()
    this.#renewing = this.#renewLoop()
  }

  async stop(): Promise<void> {
    if (this.#state === 'claiming') {
      this.#state = 'draining'
      this.#unlisten()
      this.#toClaim.ring()
      await this.#claiming
      await this.#drained(this.#deps.drainMilliseconds ?? DRAIN_MILLISECONDS)
      for (const run of this.#running) run.stop()
      await this.#drained(ABORT_MILLISECONDS)
      for (const { lease } of this.#running) this.#deps.logger.warn({ jobId: lease.jobId }, 'A job did not stop; its lease will run out')
      this.#state = 'stopped'
      this.#toRenew.ring()
    }
    await this.#renewing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #claimLoop(): Promise<void> {
    const { store, clock, schedules = [], pollMilliseconds = POLL_MILLISECONDS } = this.#deps
    if (this.#deps.alone) await this.#trying('take over what was left', () => store.leases.takeOverAll())
    let lookedAt = Number.NEGATIVE_INFINITY
    while (this.#state === 'claiming') {
      if (clock.now() - lookedAt >= pollMilliseconds) {
        lookedAt = clock.now()
        await this.#trying('take over jobs', () => store.leases.takeOver())
        await this.#trying('look at its schedules', () => enqueueDue(store, clock, schedules))
      }
      await this.#trying('claim jobs', () => this.#claim())
      if (this.#state === 'claiming') await this.#toClaim.wait(pollMilliseconds)
    }
  }

  async #claim(): Promise<void> {
    const { store, clock, concurrency = CONCURRENCY } = this.#deps
    const until = clock.now() + this.#leaseMilliseconds
    const wanted = { kinds: [...this.#handlers.keys()], limit: concurrency - this.#running.size, until }
    for (const job of await store.leases.claim(this.#owner, wanted)) {
      const { logger, points = noCrashPoints, random = Math.random } = this.#deps
      const handler = this.#handlers.get(job.kind) as JobHandler
      const run = new RunningJob(job, handler, { leases: store.leases, scopes: store.scopes, clock, logger, points, random, until })
      this.#running.add(run)
      void run.ended.then(() => {
        this.#running.delete(run)
        this.#toClaim.ring()
      })
    }
  }

  async #renewLoop(): Promise<void> {
    while (this.#state !== 'stopped') {
      await this.#toRenew.wait(Math.min(this.#leaseMilliseconds / 4, RENEW_MILLISECONDS))
      await this.#trying('renew its leases', () => this.#renew())
      await this.#trying('tell of progress', () => Promise.all([...this.#running].map((run) => run.tick())))
    }
  }

  /** Keeps the leases of running jobs, and hears which of them are to stop. */
  async #renew(): Promise<void> {
    const { store, clock } = this.#deps
    const until = clock.now() + this.#leaseMilliseconds
    const held = [...this.#running]
    const leases = held.map((run) => run.lease)
    const states = new Map((await store.leases.renew(this.#owner, leases, until)).map((state) => [state.jobId, state]))
    for (const run of held) if (this.#running.has(run)) run.renewed(states.get(run.lease.jobId) ?? null, until)
  }

  /** Resolves once no job runs, or after `milliseconds`. */
  async #drained(milliseconds: number): Promise<void> {
    const enough = new AbortController()
    const ended = Promise.all([...this.#running].map((run) => run.ended))
    await Promise.race([ended, this.#deps.clock.sleep(milliseconds, enough.signal).catch(() => {})])
    enough.abort()
  }

  async #trying(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#deps.logger.error({ err: error }, `The worker could not ${what}; it tries again`)
    }
  }
}
