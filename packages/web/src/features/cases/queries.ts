import type { Client } from '@holdfast/client'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

const pageSize = 50

export const casesQuery = (client: Client, q: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [keys.cases, 'list', q ?? ''],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      client.cases.list({ limit: pageSize, ...(q ? { q } : {}), ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  })

export const caseQuery = (client: Client, caseId: string) =>
  queryOptions({ queryKey: [keys.cases, 'one', caseId], queryFn: ({ signal }) => client.cases.get(caseId, { signal }) })

export const itemsQuery = (client: Client, caseId: string) =>
  infiniteQueryOptions({
    queryKey: [keys.items, 'list', caseId],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      client.items.list(caseId, { limit: pageSize, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  })

export const itemQuery = (client: Client, caseId: string, itemId: string) =>
  queryOptions({ queryKey: [keys.items, 'one', itemId], queryFn: ({ signal }) => client.items.get({ caseId, itemId }, { signal }) })
