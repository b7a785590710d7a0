import type { Member, File as StoredFile, Token } from '@holdfast/api'
import { type Client, everyItem } from '@holdfast/client'
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

/** How many names are asked for at the most: enough to choose from, and never without end. */
const mostChoices = 1_000

async function firstOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) if (found.push(item) >= mostChoices) break
  return found
}

/** Files of a case and of its items, newest first. */
export const fileChoicesQuery = (client: Client, caseId: string) =>
  queryOptions({
    queryKey: [keys.files, 'choices', caseId],
    queryFn: ({ signal }): Promise<StoredFile[]> => firstOf(client.files.every({ caseId, limit: 200 }, { signal })),
    staleTime: 30_000,
  })

export const fileNameQuery = (client: Client, fileId: string) =>
  queryOptions({ queryKey: [keys.files, 'one', fileId], queryFn: ({ signal }) => client.files.get(fileId, { signal }), staleTime: 30_000 })

export const membersQuery = (client: Client) =>
  queryOptions({
    queryKey: [keys.members, 'choices'],
    queryFn: ({ signal }): Promise<Member[]> =>
      firstOf(everyItem<Member>((cursor) => client.members.list({ limit: 200, cursor }, { signal }))),
    staleTime: 30_000,
  })

export const tokensQuery = (client: Client) =>
  queryOptions({
    queryKey: [keys.tokens, 'choices'],
    queryFn: ({ signal }): Promise<Token[]> =>
      firstOf(everyItem<Token>((cursor) => client.tokens.list({ limit: 200, cursor }, { signal }))),
    staleTime: 30_000,
  })
