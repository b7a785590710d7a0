import type { S3PolicyQuery, Target } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

export const targetsQuery = (client: Client) =>
  infiniteQueryOptions({
    queryKey: [keys.targets, 'list'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => client.targets.list({ limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: 30_000,
  })

/** Those that were deleted and still have files, all of them. */
export const removedTargetsQuery = (client: Client) =>
  queryOptions({
    queryKey: [keys.targets, 'removed'],
    queryFn: async ({ signal }): Promise<Target[]> => {
      const targets: Target[] = []
      for await (const target of client.targets.every({ removed: true, limit: 200 }, { signal })) targets.push(target)
      return targets
    },
  })

export const targetQuery = (client: Client, id: string) =>
  queryOptions({ queryKey: [keys.targets, 'one', id], queryFn: ({ signal }) => client.targets.get(id, { signal }) })

export const rolesQuery = (client: Client) =>
  queryOptions({ queryKey: [keys.roles], queryFn: ({ signal }) => client.roles.list({ signal }) })

export const s3PolicyQuery = (client: Client, query: S3PolicyQuery) =>
  queryOptions({
    queryKey: [keys.targets, 's3-policy', query],
    queryFn: ({ signal }) => client.targets.s3Policy(query, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  })
