import type { Client } from '@holdfast/client'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

export const targetsQuery = (client: Client) =>
  infiniteQueryOptions({
    queryKey: [keys.targets, 'list'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => client.targets.list({ limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 30_000,
  })

export const rolesQuery = (client: Client) =>
  queryOptions({ queryKey: [keys.roles], queryFn: ({ signal }) => client.roles.list({ signal }) })
