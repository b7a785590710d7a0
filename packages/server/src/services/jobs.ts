import { type Job, type JobQuery, type PageOf, Problem } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { toIso, toIsoOrNull } from '../core/clock.ts'
import { DatabaseConflict } from '../db/database.ts'
import type { JobRow } from '../db/job-queue.ts'
import type { Store, Tx } from '../db/store.ts'
import { existing, toldBy } from './caller.ts'
import { fromCursor, rowsFor, toPage } from './pages.ts'

export const toJob = (row: JobRow): Job => ({
  id: row.id,
  kind: row.kind,
  system: row.tenantId === null,
  status: row.status,
  attempts: row.attempts,
  progress: row.progress,
  error: row.error,
  runAt: toIso(row.runAt),
  createdAt: toIso(row.createdAt),
  finishedAt: toIsoOrNull(row.finishedAt),
})

/** What else happens, in the same transaction, when somebody cancels a job of some kind. */
export type OnCancel = Readonly<Record<string, (tx: Tx, caller: Caller, job: JobRow) => Promise<void>>>

/** Background jobs, as an administrator sees and steers them; the system's own, of no tenant, can be seen alone (FORBIDDEN). */
export const jobService = ({ store, onCancel = {} }: { store: Store; onCancel?: OnCancel }) => {
  const steer = (
    caller: Caller,
    id: string,
    step: { done: string; refused: string; run(tx: Tx, job: JobRow): Promise<boolean> },
  ): Promise<Job> =>
    store.transaction(async (tx) => {
      const job = existing(await tx.jobs.find(caller.tenantId, id), 'job')
      if (job.tenantId === null)
        throw new Problem('FORBIDDEN', 'This job is the system’s own: it works for every tenant, and none steers it.')
      if (!(await step.run(tx, job))) throw new Problem('CONFLICT', `The job is ${job.status}: ${step.refused}`)
      const details = { kind: 'job', name: job.kind, jobId: id, changed: ['status'], step: step.done }
      await tx.audit.append({ ...toldBy(caller), action: 'UPDATE', details })
      return toJob(existing(await tx.jobs.find(caller.tenantId, id), 'job'))
    })
  return {
    async list(caller: Caller, query: JobQuery): Promise<PageOf<Job>> {
      const filter = { status: query.status, kind: query.kind }
      const rows = await store.read.jobs.list(caller.tenantId, filter, { limit: rowsFor(query), before: fromCursor(query.cursor) })
      return toPage(rows, query, toJob)
    },

    /** Queues a dead or cancelled job anew. CONFLICT in other states, and where the same work is under way in another job. */
    async retry(caller: Caller, id: string): Promise<Job> {
      const refused = 'only a dead or cancelled job can be run again.'
      try {
        return await steer(caller, id, { done: 'retry', refused, run: (tx) => tx.jobs.retry(caller.tenantId, id) })
      } catch (error) {
        if (!(error instanceof DatabaseConflict) || error.constraint !== 'jobs_unique_key') throw error
        throw new Problem('CONFLICT', 'Another job does the same work already.')
      }
    },

    /** A queued job ends at once, a running one as soon as it can. CONFLICT where it has ended already. */
    cancel: (caller: Caller, id: string): Promise<Job> =>
      steer(caller, id, {
        ...{ done: 'cancel', refused: 'it has ended already.' },
        async run(tx, job) {
          if (!(await tx.jobs.cancel(caller.tenantId, id))) return false
          if (!job.cancelRequested) await onCancel[job.kind]?.(tx, caller, job)
          return true
        },
      }),
  }
}
export type JobService = ReturnType<typeof jobService>
