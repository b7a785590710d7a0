import type { Client } from '@holdfast/client'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { type AuditSearch, toFilter } from './filters.ts'

export const entriesQuery = (client: Client, search: AuditSearch) => {
  const filter = toFilter(search)
  return infiniteQueryOptions({
    queryKey: [keys.audit, 'entries', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      client.audit.list({ ...filter, limit: 100, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  })
}

export const checkpointQuery = (client: Client) =>
  queryOptions({ queryKey: [keys.audit, 'checkpoint'], queryFn: ({ signal }) => client.audit.checkpoint({ signal }) })

/** Cases to choose from in the filter, by part of number or title. */
export const caseChoicesQuery = (client: Client, q: string) =>
  queryOptions({
    queryKey: [keys.cases, 'choices', q],
    queryFn: ({ signal }) => client.cases.list({ limit: 20, ...(q ? { q } : {}) }, { signal }),
    staleTime: 30_000,
  })

export const caseNameQuery = (client: Client, caseId: string) =>
  queryOptions({ queryKey: [keys.cases, 'one', caseId], queryFn: ({ signal }) => client.cases.get(caseId, { signal }), staleTime: 30_000 })
