import { leftoverTarget } from '../../db/moves.ts'
import { pages } from '../pages.ts'
import type { MoveDeps, MoveOptions } from './deps.ts'
import { purgeMovedJob, runMigrationJob, syncFileJob } from './job-kinds.ts'
import { isStillWanted, moveFile, skipMove } from './move-file.ts'

/**
 * Takes a READY file from where it was staged to its target (S3). Rejects where the target does not take it now; the file stays
 * downloadable from where it is, and the job tries again. Does nothing where the target was removed: taking it back begins anew.
 */
export async function syncFile(deps: MoveDeps, place: { tenantId: string; fileId: string }, options: MoveOptions): Promise<void> {
  const file = await deps.store.read.files.findAny(place.tenantId, place.fileId)
  if (file?.status !== 'READY' || file.syncTargetId === null) return
  const target = await deps.store.read.targets.find(place.tenantId, file.syncTargetId)
  if (target?.removedAt !== null) return
  const outcome = await moveFile(deps, { ...place, toTargetId: file.syncTargetId, migrationId: null }, options)
  if (outcome === 'failed') throw new Error('The storage target did not take the file; it stays on this server until it does')
}

const PAGE = 200

/** Ends moves that nobody goes on with: their file is gone, or their migration was cancelled. */
async function endForsaken(deps: MoveDeps): Promise<void> {
  for await (const move of pages((after) => deps.store.read.moves.pageCopying({}, after, PAGE))) {
    const migration = move.migrationId === null ? null : await deps.store.read.migrations.find(move.tenantId, move.migrationId)
    const cancelled = migration !== null && migration.status !== 'running' && migration.status !== 'paused'
    if (cancelled || !(await isStillWanted(deps, move))) await skipMove(deps, move)
  }
}

/** Gives a job to whatever should have one: running migrations, objects left behind, staged files, which may wait for those to be gone. */
export async function sweepMoves(deps: MoveDeps): Promise<void> {
  const { store } = deps
  await endForsaken(deps)
  for (const row of await store.read.migrations.running()) await store.transaction((tx) => tx.jobs.enqueue(runMigrationJob(row)))
  for await (const move of pages((after) => store.read.moves.pageToPurge(after, PAGE))) {
    const target = await store.read.targets.find(move.tenantId, leftoverTarget(move))
    if (target?.removedAt === null) await store.transaction((tx) => tx.jobs.enqueue(purgeMovedJob(move)))
  }
  for await (const file of pages((after) => store.read.files.pageToSync(after, PAGE))) {
    await store.transaction((tx) => tx.jobs.enqueue(syncFileJob({ tenantId: file.tenantId, fileId: file.id })))
  }
}
