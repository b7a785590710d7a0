import type { PageOf } from '@holdfast/api'
import type { InfiniteData } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { timeZone } from './format.ts'
import { type Column, RecordTable } from './record-table.tsx'
import { Failed, More } from './states.tsx'

/** What of an infinite query a paged list needs. */
export type PagedQuery<T> = {
  readonly data: InfiniteData<PageOf<T>, unknown> | undefined
  readonly error: Error | null
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  readonly fetchNextPage: () => unknown
  readonly refetch: () => unknown
}

/** The rows of all pages loaded so far; undefined before the first. */
export const rowsOf = <T,>(query: Pick<PagedQuery<T>, 'data'>): T[] | undefined => query.data?.pages.flatMap((page) => page.items)

type PagedTableProps<T> = {
  readonly label: string
  readonly query: PagedQuery<T>
  readonly columns: readonly Column<T>[]
  readonly rowKey: (row: T) => string
  readonly empty: ReactNode
  /** How many there are, in words: "3 files". */
  readonly sayCount: (shown: number) => string
  readonly rows?: readonly T[] | undefined
  readonly placeholderRows?: number
  /** No column of it shows a point in time. */
  readonly timeless?: boolean
}

/** A list in pages, in whichever state it is: loading, failed, empty, or rows with more to come. `rows` narrows what is shown. */
export function PagedTable<T>(props: PagedTableProps<T>) {
  const { label, query, columns, rowKey, empty, sayCount, rows: given, placeholderRows, timeless } = props
  const rows = query.data ? (given ?? rowsOf(query)) : undefined
  if (query.error && !rows)
    return (
      <div style={{ padding: '0.875rem' }}>
        <Failed error={query.error} what={`${label} can't be shown`} onRetry={() => query.refetch()} />
      </div>
    )
  if (rows?.length === 0) return empty
  return (
    <>
      <RecordTable label={label} columns={columns} rows={rows} rowKey={rowKey} placeholderRows={placeholderRows} />
      <More
        hasMore={query.hasNextPage}
        loading={query.isFetchingNextPage}
        onMore={() => query.fetchNextPage()}
        shown={rows ? `${sayCount(rows.length)}${query.hasNextPage ? ' shown' : ''}` : `Loading: ${label}`}
        note={timeless || !rows ? null : `times in ${timeZone()}`}
      />
    </>
  )
}
