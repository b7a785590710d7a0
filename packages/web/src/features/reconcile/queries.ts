import type { Reconciliation, ReconciliationKind } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { pagedQuery } from '../../ui/paged-query.ts'
import { isUnderWay } from './reconcile-words.ts'

/** How often one that is under way is asked for again, in milliseconds. */
const whileRunning = 2_000

export const targetQuery = (client: Client, targetId: string) =>
  queryOptions({ queryKey: [keys.targets, 'one', targetId], queryFn: ({ signal }) => client.targets.get(targetId, { signal }) })

/** Newest first; the first one is what the page shows where none is chosen. */
export const reportsQuery = (client: Client, targetId: string) =>
  pagedQuery<Reconciliation>(
    [keys.reconciliations, 'of', targetId],
    (asked, options) => client.reconciliations.list(targetId, asked, options),
    { limit: 20, every: (rows) => (rows.some(isUnderWay) ? whileRunning : false) },
  )

type FindingList = { readonly id: string; readonly kind: ReconciliationKind | undefined; readonly status: Reconciliation['status'] }

export const findingsQuery = (client: Client, { id, kind, status }: FindingList) =>
  pagedQuery(
    // Asked anew when it ends, since the last look was before that.
    [keys.reconciliations, 'findings', id, kind ?? 'all', status],
    (asked, options) => client.reconciliations.findings(id, { ...asked, ...(kind ? { kind } : {}) }, options),
  )
