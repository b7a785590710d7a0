import type { PageOf, Reconciliation, ReconciliationApply, ReconciliationFinding, ReconciliationFindingQuery } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

const path = (id: string) => `/reconciliations/${encodeURIComponent(id)}`
const ofTarget = (targetId: string) => `/targets/${encodeURIComponent(targetId)}/reconciliations`

export const reconciliationCalls = (http: Http) => ({
  /** Compares what apps have stored at a target with the records of it, in the background. */
  start: (targetId: string, options?: CallOptions): Promise<Reconciliation> =>
    http.json({ method: 'POST', path: ofTarget(targetId), body: {}, creates: true }, options),
  list: (targetId: string, query: { limit?: number; cursor?: string } = {}, options?: CallOptions): Promise<PageOf<Reconciliation>> =>
    http.json({ method: 'GET', path: ofTarget(targetId), query }, options),
  get: (id: string, options?: CallOptions): Promise<Reconciliation> => http.json({ method: 'GET', path: path(id) }, options),
  findings: (id: string, query: ReconciliationFindingQuery = {}, options?: CallOptions): Promise<PageOf<ReconciliationFinding>> =>
    http.json({ method: 'GET', path: `${path(id)}/findings`, query }, options),
  /** Removes what the report found to be surely ours and of no file. */
  apply: (id: string, request: ReconciliationApply = {}, options?: CallOptions): Promise<Reconciliation> =>
    http.json({ method: 'POST', path: `${path(id)}/apply`, body: request }, options),
  cancel: (id: string, options?: CallOptions): Promise<Reconciliation> =>
    http.json({ method: 'POST', path: `${path(id)}/cancel`, body: {}, repeatable: true }, options),
})
export type ReconciliationCalls = ReturnType<typeof reconciliationCalls>
