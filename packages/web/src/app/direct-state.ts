import type { DirectState } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { keys } from './query-keys.ts'
import { useClient } from './services.tsx'

/** How often usage is asked for again while Direct is on, in milliseconds: other people upload, too. */
const usageEvery = 15_000

export const directQuery = (client: Client) =>
  queryOptions({
    queryKey: [keys.direct],
    queryFn: ({ signal }) => client.direct.state({ signal }),
    staleTime: usageEvery,
    refetchInterval: (query) => (query.state.data?.bound ? usageEvery : false),
  })

/** What Direct is bound to; null while it is not bound or not known yet, and then nothing about it is shown (R4). */
export function useDirect(): DirectState | null {
  const { data } = useQuery(directQuery(useClient()))
  return data?.bound ? data : null
}
