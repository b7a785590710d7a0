import type { ReconcileDeps } from '../../services/reconcile/deps.ts'
import { RECONCILE_TARGET, SWEEP_RECONCILIATIONS } from '../../services/reconcile/job-kinds.ts'
import { sweepReconciliations } from '../../services/reconcile/reconciliations.ts'
import { runReconciliation } from '../../services/reconcile/run-reconciliation.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'

/** Comparisons of storage and records, and the removal of what they found. */
export const reconcileHandlers = (deps: ReconcileDeps): JobHandler[] => [
  {
    kind: RECONCILE_TARGET,
    async handle({ tenantId, payload }, { signal, progress }) {
      if (tenantId === null || typeof payload.reconciliationId !== 'string') throw new GiveUp('The job names no reconciliation')
      await runReconciliation(deps, { tenantId, reconciliationId: payload.reconciliationId }, { signal, progress })
    },
  },
  { kind: SWEEP_RECONCILIATIONS, handle: () => sweepReconciliations(deps) },
]

export const sweepReconciliationsSchedule: Schedule = {
  name: SWEEP_RECONCILIATIONS,
  kind: SWEEP_RECONCILIATIONS,
  everyMilliseconds: 5 * 60_000,
  maxAttempts: 3,
}
