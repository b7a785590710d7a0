import { systemActor } from '../../core/actor.ts'
import { newId } from '../../core/ids.ts'
import { DatabaseConflict } from '../../db/database.ts'
import type { FileRow } from '../../db/file-rows.ts'
import { leftoverTarget, type MoveRow } from '../../db/moves.ts'
import type { Tx } from '../../db/store.ts'
import { StorageError } from '../../storage/target.ts'
import { deleteUnlocked, lockIfHeld } from '../holds/lock-objects.ts'
import { type Copy, copyObject } from './copy-object.ts'
import type { MoveDeps, MoveOptions } from './deps.ts'
import { isOwnLeftover, nameTaken, requireFreePlace, seenAfterMove, tellMismatch } from './direct-place.ts'
import { purgeMovedJob } from './job-kinds.ts'
import { giveUpSync } from './staging.ts'

/** How a move ended: `skipped` where there was nothing to move (any more). */
export type MoveOutcome = 'moved' | 'failed' | 'skipped'

export type MovePlan = {
  readonly tenantId: string
  readonly fileId: string
  readonly toTargetId: string
  readonly migrationId: string | null
}

/** What a sync needs at its target was reserved when the upload began, and is given back by whoever deletes the file. */
const isSync = (plan: Pick<MovePlan, 'migrationId'>): boolean => plan.migrationId === null

const isMovable = (file: FileRow | null, plan: MovePlan): file is FileRow =>
  file !== null && file.status === 'READY' && file.deletedAt === null && file.targetId !== plan.toTargetId

const told = (file: Pick<FileRow, 'tenantId' | 'caseId' | 'itemId' | 'id'>) => ({
  tenantId: file.tenantId,
  actor: systemActor,
  requestId: null,
  caseId: file.caseId,
  itemId: file.itemId,
  fileId: file.id,
})

/** A sync whose target was removed gives way to a move to another. False where the move that runs is none. */
async function endSyncToRemoved(tx: Tx, move: MoveRow, at: number): Promise<boolean> {
  if (!isSync(move) || (await tx.targets.find(move.tenantId, move.toTargetId))?.removedAt === null) return false
  return endMove(tx, move, { status: 'skipped', error: null, at })
}

/** Takes up the move of the file that is under way, or begins one: its bytes are reserved at the new target. Null where there is nothing to do. */
async function begin(deps: MoveDeps, plan: MovePlan): Promise<MoveRow | null> {
  return deps.store.transaction(async (tx) => {
    const running = await tx.moves.findCopying(plan.fileId)
    if (running && running.toTargetId === plan.toTargetId) return running
    if (running && !(await endSyncToRemoved(tx, running, deps.clock.now()))) return null
    const file = await tx.files.findAny(plan.tenantId, plan.fileId)
    if (!isMovable(file, plan)) return null
    // Its removal could otherwise meet the new copy.
    if (await tx.moves.hasLeftover(file.id, plan.toTargetId)) {
      throw new StorageError('unavailable', 'What an earlier move left at the target is still being removed')
    }
    if (!isSync(plan)) await tx.targets.reserve(plan.toTargetId, file.objectSize)
    const id = newId()
    const { fileId, tenantId, migrationId, toTargetId } = plan
    const place = { objectKey: file.objectKey, fromTargetId: file.targetId, toTargetId, bytes: file.objectSize }
    await tx.moves.insert({ id, tenantId, migrationId, fileId, ...place, createdAt: deps.clock.now() })
    return tx.moves.find(id)
  })
}

/** Rolls back a switch whose file was deleted or moved, or whose target was removed meanwhile. */
class FileLeft extends Error {}

/** The file now is where its copy is; the old object goes by a job. False, and nothing changed, where the move or the file has ended meanwhile. */
async function switchOver(deps: MoveDeps, move: MoveRow, copy: Copy): Promise<boolean> {
  const { sha256 } = copy
  try {
    return await deps.store.transaction(async (tx) => {
      if (!(await tx.moves.end(move.id, { status: 'moved', sha256, error: null, at: deps.clock.now() }))) return false
      const file = await tx.files.findAny(move.tenantId, move.fileId)
      // Where a migration takes a file is where it stays.
      if (file && !isSync(move)) await giveUpSync(tx, file)
      const seen = file && seenAfterMove(file, copy)
      if (!seen || !(await tx.files.moveTo(file, { from: move.fromTargetId, to: move.toTargetId, seen }))) throw new FileLeft()
      await tellMismatch(tx, file, { ...told(file), seen })
      // Whoever removed the target was told that staged files stay where they are.
      if (isSync(move) && (await tx.targets.find(move.tenantId, move.toTargetId))?.removedAt !== null) throw new FileLeft()
      await tx.targets.settle(move.toTargetId, { reservedBytes: move.bytes, usedBytes: move.bytes })
      await tx.targets.free(move.fromTargetId, move.bytes)
      await lockIfHeld(tx, file)
      await tx.jobs.enqueue({ ...purgeMovedJob(move), runAt: deps.clock.now() + deps.oldObjectKept })
      const { fromTargetId, toTargetId, bytes, migrationId } = move
      const details = { name: file.name, fromTargetId, toTargetId, bytes, objectSha256: sha256, migrationId }
      await tx.audit.append({ ...told(file), action: 'FILE_MOVED', result: 'ok', details })
      return true
    })
  } catch (error) {
    if (error instanceof FileLeft) return false
    if (error instanceof DatabaseConflict && error.constraint === 'files_target_id_object_key') throw nameTaken()
    throw error
  }
}

/** Ends a move that did not succeed; a job removes its copy. From here on no process can switch to it. */
async function endMove(tx: Tx, move: MoveRow, end: { status: 'failed' | 'skipped'; error: string | null; at: number }): Promise<boolean> {
  if (!(await tx.moves.end(move.id, { ...end, sha256: null }))) return false
  if (!isSync(move)) await tx.targets.release(move.toTargetId, move.bytes)
  await tx.jobs.enqueue(purgeMovedJob(move))
  return true
}

async function fail(deps: MoveDeps, move: MoveRow, error: StorageError): Promise<void> {
  await deps.store.transaction(async (tx) => {
    if (!(await endMove(tx, move, { status: 'failed', error: error.message, at: deps.clock.now() }))) return
    const file = await tx.files.findAny(move.tenantId, move.fileId)
    if (!file) return
    const { fromTargetId, toTargetId, migrationId } = move
    const details = { name: file.name, fromTargetId, toTargetId, reason: error.message, migrationId }
    await tx.audit.append({ ...told(file), action: 'FILE_MOVE_FAILED', result: 'failed', details })
  })
}

/** Gives up a move: its file is gone or went elsewhere, or nobody wants it moved any more. */
export async function skipMove(deps: MoveDeps, move: MoveRow): Promise<void> {
  await deps.store.transaction((tx) => endMove(tx, move, { status: 'skipped', error: null, at: deps.clock.now() }))
}

/** Whether the file of a move under way is still there to be moved. */
export async function isStillWanted(deps: MoveDeps, move: MoveRow): Promise<boolean> {
  const file = await deps.store.read.files.findAny(move.tenantId, move.fileId)
  return file !== null && file.status === 'READY' && file.targetId === move.fromTargetId
}

/** Faults that another attempt would meet again: the copy is given up and the file stays where it is. */
const isFinal = (error: unknown): error is StorageError =>
  error instanceof StorageError && ['bad-part', 'bad-key', 'denied', 'exists', 'full', 'out-of-range'].includes(error.fault)

/**
 * Moves the object of a file to another target (R5): copies it, reads both back and compares, switches the row, and only then lets a
 * job remove the old object. Repeatable at any point; what was copied is not copied again. Rejects where another attempt may help;
 * QUOTA_FULL and TARGET_REMOVED where the new target does not take it.
 */
export async function moveFile(deps: MoveDeps, plan: MovePlan, options: MoveOptions): Promise<MoveOutcome> {
  const move = await begin(deps, plan).catch((error: unknown) => {
    if (error instanceof DatabaseConflict && error.constraint === 'moves_file_id') return null
    throw error
  })
  if (!move) return 'skipped'
  deps.points.reach('move.after-begin')
  try {
    if (await isStillWanted(deps, move)) {
      await using from = await deps.targets.lease(move.tenantId, move.fromTargetId)
      await using to = await deps.targets.lease(move.tenantId, move.toTargetId)
      await requireFreePlace(deps, move, to.target)
      const copy = await copyObject(deps, move, { from: from.target, to: to.target }, options)
      const switched = await switchOver(deps, move, copy)
      deps.points.reach('move.after-switch')
      if (switched) return 'moved'
    }
    await skipMove(deps, move)
    return 'skipped'
  } catch (error) {
    options.signal.throwIfAborted()
    return settleFailure(deps, move, { error, signal: options.signal })
  }
}

async function settleFailure(deps: MoveDeps, move: MoveRow, at: { error: unknown; signal: AbortSignal }): Promise<MoveOutcome> {
  const { error, signal } = at
  if (!(await isStillWanted(deps, move))) {
    await skipMove(deps, move)
    return 'skipped'
  }
  if (error instanceof StorageError && error.fault === 'not-found') {
    if (!(await isObjectThere(deps, move, signal))) return failed(deps, move, objectGone())
    await forgetWrite(deps, move)
  }
  if (!isFinal(error)) throw error
  return failed(deps, move, error)
}

async function failed(deps: MoveDeps, move: MoveRow, error: StorageError): Promise<MoveOutcome> {
  await fail(deps, move, error)
  return 'failed'
}

const objectGone = (): StorageError =>
  new StorageError('not-found', 'Its object is not at the old target. Put it back there, or restore it from a backup')

/** Whether what is to be moved is there: a file without its object keeps no other from being moved. */
async function isObjectThere(deps: MoveDeps, move: MoveRow, signal: AbortSignal): Promise<boolean> {
  await using from = await deps.targets.lease(move.tenantId, move.fromTargetId)
  return (await from.target.stat(move.objectKey, { signal })) !== null
}

/** The target has lost the write that was noted: the next attempt begins a new one. */
async function forgetWrite(deps: MoveDeps, move: MoveRow): Promise<void> {
  await deps.store.transaction((tx) => tx.moves.keep(move.id, { writeId: null, copiedBytes: 0, receipts: [] }))
}

/**
 * Removes what an ended move has left behind: the old object, or the copy that was not switched to. Repeatable. Where the target was
 * removed it stays there: the sweep comes back to it once the target is taken back.
 */
export async function purgeMoved(deps: MoveDeps, moveId: string): Promise<void> {
  const move = await deps.store.read.moves.find(moveId)
  if (!move || move.status === 'copying' || move.purgedAt !== null) return
  const targetId = leftoverTarget(move)
  if ((await deps.store.read.targets.find(move.tenantId, targetId))?.removedAt !== null) return
  const file = await deps.store.read.files.findAny(move.tenantId, move.fileId)
  if (file?.targetId !== targetId || file.status === 'DELETED') {
    await using lease = await deps.targets.lease(move.tenantId, targetId)
    if (move.status !== 'moved' && move.writeId !== null) await lease.target.abortWrite(move.objectKey, move.writeId)
    if (await isOwnLeftover(deps, move, targetId)) await deleteUnlocked(lease.target, move.objectKey)
  }
  deps.points.reach('move.after-purge')
  await deps.store.transaction((tx) => tx.moves.markPurged(move.id, deps.clock.now()))
}
