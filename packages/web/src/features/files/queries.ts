import type { Client } from '@holdfast/client'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { isMoving } from '../../ui/file-words.ts'
import type { SectionTier } from '../../ui/tier-words.ts'

/** Files of one tier in one place: of an item, or (itemId null) of the case itself. */
export type FilePlace = { readonly caseId: string; readonly itemId: string | null; readonly tier: SectionTier }

/** How often the list is asked for again while the server works on one of its files, in milliseconds. */
const whileMoving = 2_000

export const filesQuery = (client: Client, place: FilePlace) =>
  infiniteQueryOptions({
    queryKey: [keys.files, 'list', place.caseId, place.itemId ?? 'none', place.tier],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      client.files.list(
        { caseId: place.caseId, itemId: place.itemId ?? 'none', tier: place.tier, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) },
        { signal },
      ),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.items.some(isMoving)) ? whileMoving : false),
  })

export const fileQuery = (client: Client, fileId: string) =>
  queryOptions({
    queryKey: [keys.files, 'one', fileId],
    queryFn: ({ signal }) => client.files.get(fileId, { signal }),
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? whileMoving : false),
  })

export const fileEventsQuery = (client: Client, fileId: string) =>
  queryOptions({
    queryKey: [keys.audit, 'file', fileId],
    queryFn: ({ signal }) => client.audit.list({ fileId, limit: 100 }, { signal }),
  })
