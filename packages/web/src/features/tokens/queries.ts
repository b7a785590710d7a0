import type { Client } from '@holdfast/client'
import { infiniteQueryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

export const tokensQuery = (client: Client) =>
  infiniteQueryOptions({
    queryKey: [keys.tokens, 'list'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => client.tokens.list({ limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  })
