import type { NewJob } from '../../db/job-queue.ts'

/** Compares what lies at a target with its records, or removes what that found. */
export const RECONCILE_TARGET = 'reconcile-target'
/** Ends reconciliations that no job goes on with, and forgets what old ones found. */
export const SWEEP_RECONCILIATIONS = 'sweep-reconciliations'

/** What its job does: its report, or what is removed by it. */
export type ReconcilePhase = 'reporting' | 'applying'

export const reconcileKey = (id: string, phase: ReconcilePhase): string => `${RECONCILE_TARGET}:${phase}:${id}`

export const reconcileJob = (row: { id: string; tenantId: string }, phase: ReconcilePhase): NewJob => ({
  kind: RECONCILE_TARGET,
  tenantId: row.tenantId,
  payload: { reconciliationId: row.id },
  uniqueKey: reconcileKey(row.id, phase),
  maxAttempts: 8,
})
