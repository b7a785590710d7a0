import type { NewJob } from '../../db/job-queue.ts'

/** Compares what lies at a target with its records, or removes what that found. */
export const RECONCILE_TARGET = 'reconcile-target'
/** Ends reconciliations that no job goes on with, and forgets what old ones found. */
export const SWEEP_RECONCILIATIONS = 'sweep-reconciliations'

/** One reconciliation a target at a time. */
export const reconcileKey = (targetId: string): string => `${RECONCILE_TARGET}:${targetId}`

export const reconcileJob = (row: { id: string; tenantId: string; targetId: string }): NewJob => ({
  kind: RECONCILE_TARGET,
  tenantId: row.tenantId,
  payload: { reconciliationId: row.id },
  uniqueKey: reconcileKey(row.targetId),
  maxAttempts: 8,
})
