import { Problem } from '@holdfast/api'
import type { CoveredObject, HeldPlace, HoldRow, LockState } from '../../db/holds.ts'
import type { Store, Tx } from '../../db/store.ts'
import { StorageError, type StorageTarget } from '../../storage/target.ts'
import type { TargetAccess } from '../target-access.ts'
import { lockHeldJob, lockObjectJob } from './job-kinds.ts'
import { isUnderHold } from './require-no-hold.ts'

export type LockDeps = { readonly store: Store; readonly targets: TargetAccess }

const PAGE = 200
const MAX_ERROR_CHARACTERS = 500

/**
 * Makes the lock of the object what the holds in force say, and says it again where they changed meanwhile: so the last to write is right.
 * Answers whether it is locked now; null where its target has no Object Lock.
 */
async function settleLock(deps: LockDeps, object: CoveredObject, signal: AbortSignal): Promise<boolean | null> {
  await using lease = await deps.targets.lease(object.tenantId, object.targetId)
  if (lease.target.lock === null) return null
  for (let now: CoveredObject | null = object; ; ) {
    signal.throwIfAborted()
    await lease.target.lock.setHold(object.objectKey, now.held, { signal })
    const again: CoveredObject | null = await deps.store.read.holds.findObject(object)
    // Deleted or moved meanwhile: whoever did it sees to the object.
    if (again === null || again.targetId !== object.targetId || again.held === now.held) return now.held
    now = again
  }
}

/** Makes the lock of one file's object right: after it became READY, or moved. */
export async function lockObject(deps: LockDeps, file: { tenantId: string; fileId: string }, signal: AbortSignal): Promise<void> {
  const object = await deps.store.read.holds.findObject({ tenantId: file.tenantId, id: file.fileId })
  if (object?.held) await settleLock(deps, object, signal)
}

type Tally = { locked: number; failed: number; touched: number; error: string | null }

async function lockOne(deps: LockDeps, object: CoveredObject, at: { tally: Tally; signal: AbortSignal }): Promise<void> {
  const { tally, signal } = at
  try {
    const locked = await settleLock(deps, object, signal)
    if (locked !== null) tally.touched += 1
    if (locked) tally.locked += 1
  } catch (error) {
    signal.throwIfAborted()
    // An orphan: nobody can lock it, and nobody can delete it either.
    if (error instanceof Problem && error.code === 'TARGET_REMOVED') return
    tally.failed += 1
    tally.error ??= (error instanceof Error ? error.message : 'unknown').slice(0, MAX_ERROR_CHARACTERS)
  }
}

function stateOf(hold: HoldRow, tally: Tally): LockState {
  if (tally.failed > 0) return 'failed'
  if (tally.touched === 0) return 'none'
  return hold.releasedAt === null ? 'set' : 'lifted'
}

/**
 * Sets a hold on every object that it covers, or lifts it after its release where no other hold covers the object, and notes on the hold
 * what came of it. Repeatable. Rejects where it failed for some objects, so that it is tried again.
 */
export async function lockHeld(deps: LockDeps, place: { tenantId: string; holdId: string }, signal: AbortSignal): Promise<void> {
  const hold = await deps.store.read.holds.find(place.tenantId, place.holdId)
  if (!hold) return
  const tally: Tally = { locked: 0, failed: 0, touched: 0, error: null }
  for (let after = ''; ; ) {
    const page = await deps.store.read.holds.pageOfObjects(hold, after, PAGE)
    for (const object of page) await lockOne(deps, object, { tally, signal })
    const last = page.at(-1)
    if (!last) break
    after = last.id
  }
  const { locked, failed, error } = tally
  const row = { tenantId: hold.tenantId, id: hold.id, released: hold.releasedAt !== null }
  await deps.store.transaction((tx) => tx.holds.setLock(row, { state: stateOf(hold, tally), locked, failed, error }))
  if (failed > 0) throw new StorageError('unavailable', `The hold could not be set or lifted on ${failed} objects: ${error}`)
}

/** Queues the locking of every hold in force. */
export async function sweepHolds({ store }: LockDeps): Promise<void> {
  for (let after = ''; ; ) {
    const page = await store.read.holds.pageActive(after, PAGE)
    await store.transaction(async (tx) => {
      for (const hold of page) await tx.jobs.enqueue(lockHeldJob(hold, 'place'))
    })
    const last = page.at(-1)
    if (!last) return
    after = last.id
  }
}

/** A file that is held gets its lock where its object is now. For the transaction that made it READY, or moved it. */
export async function lockIfHeld(tx: Tx, file: HeldPlace): Promise<void> {
  if (await isUnderHold(tx, file)) await tx.jobs.enqueue(lockObjectJob({ tenantId: file.tenantId, fileId: file.id }))
}

/**
 * Deletes an object that nothing refers to any more. Where the target refuses it since a former hold, or a hold on a file that has moved
 * away, still locks it there, the lock is lifted first. Only for objects whose deletion was decided by their row.
 */
export async function deleteUnlocked(target: StorageTarget, key: string): Promise<void> {
  try {
    await target.delete(key)
  } catch (error) {
    if (!(error instanceof StorageError) || error.fault !== 'denied' || target.lock === null) throw error
    await target.lock.setHold(key, false)
    await target.delete(key)
  }
}
