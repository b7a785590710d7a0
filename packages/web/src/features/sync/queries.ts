import type { Sync } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

/** The folder that a Sync looks at: that of an item alone, or (itemId null) the root of the case alone. */
export type SyncScope = { readonly caseId: string; readonly itemId: string | null }

const whileRunning = 500

export const syncQuery = (client: Client, syncId: string) =>
  queryOptions({
    queryKey: [keys.syncs, 'one', syncId],
    queryFn: ({ signal }) => client.syncs.get(syncId, { signal }),
    refetchInterval: (query) => (query.state.data?.status === 'running' || !query.state.data ? whileRunning : false),
  })

/** The newest of one scope that changed something or is about to. */
export const lastSyncQuery = (client: Client, { caseId, itemId }: SyncScope) =>
  queryOptions({
    queryKey: [keys.syncs, 'last', caseId, itemId ?? 'none'],
    queryFn: async ({ signal }): Promise<Sync | null> => {
      const { items } = await client.syncs.list(caseId, { limit: 50 }, { signal })
      return items.find((sync) => sync.itemId === itemId && sync.mode === 'apply') ?? null
    },
  })
