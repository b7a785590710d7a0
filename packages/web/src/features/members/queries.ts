import type { Client } from '@holdfast/client'
import { infiniteQueryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

export const membersQuery = (client: Client) =>
  infiniteQueryOptions({
    queryKey: [keys.members, 'list'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => client.members.list({ limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  })
