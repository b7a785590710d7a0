import type { MoveDeps } from '../../services/moves/deps.ts'
import { PURGE_MOVED, RUN_MIGRATION, SWEEP_MOVES, SYNC_FILE } from '../../services/moves/job-kinds.ts'
import { runMigration } from '../../services/moves/migrations.ts'
import { purgeMoved } from '../../services/moves/move-file.ts'
import { sweepMoves, syncFile } from '../../services/moves/sync.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'
import { filePlace } from './file-place.ts'

/** What takes objects from target to target: migrations, syncs of staged files, and the removal of what they leave behind. */
export const moveHandlers = (deps: MoveDeps): JobHandler[] => [
  {
    kind: RUN_MIGRATION,
    async handle({ tenantId, payload }, { signal, progress }) {
      if (tenantId === null || typeof payload.migrationId !== 'string') throw new GiveUp('The job names no migration')
      await runMigration(deps, { tenantId, migrationId: payload.migrationId }, { signal, progress })
    },
  },
  {
    kind: SYNC_FILE,
    async handle(job, { signal, progress }) {
      const place = filePlace(job)
      if (!place) throw new GiveUp('The job names no file')
      await syncFile(deps, place, { signal, progress })
    },
  },
  {
    kind: PURGE_MOVED,
    async handle({ payload }) {
      if (typeof payload.moveId !== 'string') throw new GiveUp('The job names no move')
      await purgeMoved(deps, payload.moveId)
    },
  },
  { kind: SWEEP_MOVES, handle: () => sweepMoves(deps) },
]

export const sweepMovesSchedule: Schedule = { name: SWEEP_MOVES, kind: SWEEP_MOVES, everyMilliseconds: 5 * 60_000, maxAttempts: 3 }
