import type { NewJob } from '../../db/job-queue.ts'

/** Moves the files of a migration one after another until there are none left, or it is paused. */
export const RUN_MIGRATION = 'run-migration'
/** Takes a file from where it was staged to its target. */
export const SYNC_FILE = 'sync-file'
/** Removes the object that a move has left behind. */
export const PURGE_MOVED = 'purge-moved'
/** Takes up migrations, syncs and removals that have no job. */
export const SWEEP_MOVES = 'sweep-moves'

/** What waits for a target that is away, and is worth trying again once it is known to be there. */
export const waitingForTargets: readonly string[] = [RUN_MIGRATION, SYNC_FILE, PURGE_MOVED]

/** A sweep now, beside those of the schedule. */
export const sweepMovesJob: NewJob = { kind: SWEEP_MOVES, tenantId: null, payload: {}, uniqueKey: `${SWEEP_MOVES}:now`, maxAttempts: 3 }

export const runMigrationKey = (migrationId: string): string => `${RUN_MIGRATION}:${migrationId}`

export const runMigrationJob = (migration: { tenantId: string; id: string }): NewJob => ({
  kind: RUN_MIGRATION,
  tenantId: migration.tenantId,
  payload: { migrationId: migration.id },
  uniqueKey: runMigrationKey(migration.id),
})

/** A target may be away for days; a file that waits for it is tried as long as it is there. */
const SYNC_ATTEMPTS = 1000

export const syncFileJob = (file: { tenantId: string; fileId: string }): NewJob => ({
  kind: SYNC_FILE,
  tenantId: file.tenantId,
  payload: { fileId: file.fileId },
  uniqueKey: `${SYNC_FILE}:${file.fileId}`,
  maxAttempts: SYNC_ATTEMPTS,
})

export const purgeMovedJob = (move: { tenantId: string; id: string }): NewJob => ({
  kind: PURGE_MOVED,
  tenantId: move.tenantId,
  payload: { moveId: move.id },
  uniqueKey: `${PURGE_MOVED}:${move.id}`,
})
