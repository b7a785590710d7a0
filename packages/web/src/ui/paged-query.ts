import type { PageOf } from '@holdfast/api'
import { infiniteQueryOptions } from '@tanstack/react-query'

type Asked = { readonly limit: number; readonly cursor?: string }

/** A list in pages of `limit`, for `PagedTable`. `every`: milliseconds until it is asked for again, by what is known; false for never. */
export const pagedQuery = <T>(
  queryKey: readonly unknown[],
  page: (asked: Asked, options: { signal: AbortSignal }) => Promise<PageOf<T>>,
  { limit = 50, every }: { limit?: number; every?: (rows: readonly T[]) => number | false } = {},
) =>
  infiniteQueryOptions({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => page({ limit, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (last: PageOf<T>) => last.nextCursor ?? undefined,
    refetchInterval: (query) => (every ? every(query.state.data?.pages.flatMap((one) => one.items) ?? []) : false),
  })
