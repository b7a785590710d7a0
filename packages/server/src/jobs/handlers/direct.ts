import { type HashDeps, HashFailed, hashFile } from '../../services/direct/hash-file.ts'
import { HASH_FILE } from '../../services/direct/job-kinds.ts'
import type { SyncDeps } from '../../services/direct/sync/deps.ts'
import { SWEEP_SYNCS, SYNC_SCOPE } from '../../services/direct/sync/job-kinds.ts'
import { runSync } from '../../services/direct/sync/run-sync.ts'
import { sweepSyncs } from '../../services/direct/sync/syncs.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'
import { filePlace } from './file-place.ts'

/** What looks at files where others see them: their digests, and the reconciliation of records and storage. */
export const directHandlers = (deps: HashDeps & SyncDeps): JobHandler[] => [
  {
    kind: HASH_FILE,
    async handle(job, { signal, progress }) {
      const place = filePlace(job)
      if (!place) throw new GiveUp('The job names no file')
      try {
        await hashFile(deps, { ...place, jobId: job.id, attempt: job.attempt }, { signal, progress })
      } catch (error) {
        throw error instanceof HashFailed ? new GiveUp(error.message) : error
      }
    },
  },
  {
    kind: SYNC_SCOPE,
    async handle({ tenantId, payload }, { signal, progress }) {
      if (tenantId === null || typeof payload.syncId !== 'string') throw new GiveUp('The job names no Sync')
      await runSync(deps, { tenantId, syncId: payload.syncId }, { signal, progress })
    },
  },
  { kind: SWEEP_SYNCS, handle: () => sweepSyncs(deps) },
]

export const sweepSyncsSchedule: Schedule = { name: SWEEP_SYNCS, kind: SWEEP_SYNCS, everyMilliseconds: 5 * 60_000, maxAttempts: 3 }
