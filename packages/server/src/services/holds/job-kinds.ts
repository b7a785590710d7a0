import type { NewJob } from '../../db/job-queue.ts'

/** Sets or lifts a hold on the objects that it covers, at targets with Object Lock. */
export const LOCK_HELD = 'lock-held'
/** Makes the lock of one object what the holds on its file say. */
export const LOCK_OBJECT = 'lock-object'
/** Queues `lock-held` for every hold in force: for what a target has forgotten, or got since. */
export const SWEEP_HOLDS = 'sweep-holds'

export const lockHeldJob = (hold: { tenantId: string; id: string }, phase: 'place' | 'release'): NewJob => ({
  kind: LOCK_HELD,
  tenantId: hold.tenantId,
  payload: { holdId: hold.id },
  uniqueKey: `${LOCK_HELD}:${phase}:${hold.id}`,
})

export const lockObjectJob = (file: { tenantId: string; fileId: string }): NewJob => ({
  kind: LOCK_OBJECT,
  tenantId: file.tenantId,
  payload: { fileId: file.fileId },
  uniqueKey: `${LOCK_OBJECT}:${file.fileId}`,
})
