import { DEFAULT_PAGE_LIMIT, type PageOf, Problem } from '@holdfast/api'

export type PageRequest = { readonly limit?: number | undefined; readonly cursor?: string | undefined }

/** An id as an opaque cursor: where the next page goes on. */
export const toCursor = (id: string): string => Buffer.from(id).toString('base64url')

/** The id in a cursor, null without one. BAD_REQUEST where it is none that `toCursor` made. */
export function fromCursor(cursor: string | undefined): string | null {
  if (cursor === undefined || cursor === '') return null
  const id = Buffer.from(cursor, 'base64url').toString()
  if (toCursor(id) !== cursor || !/^[A-Za-z0-9_-]{1,128}$/.test(id)) {
    throw new Problem('BAD_REQUEST', 'The cursor is not one that this server gave. Start the list again without it.')
  }
  return id
}

/** How many rows to ask the database for: one more than the page, which tells whether there is a next one. */
export const rowsFor = (page: PageRequest): number => (page.limit ?? DEFAULT_PAGE_LIMIT) + 1

/** The page of `rows`, which were asked for with `rowsFor`. */
export function cutPage<T extends { readonly id: string }>(
  rows: readonly T[],
  page: PageRequest,
): { rows: T[]; nextCursor: string | null } {
  const limit = page.limit ?? DEFAULT_PAGE_LIMIT
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  return { rows: kept, nextCursor: rows.length > limit && last ? toCursor(last.id) : null }
}

/** As `cutPage`, with each row turned into what the API answers. */
export function toPage<T extends { readonly id: string }, A>(rows: readonly T[], page: PageRequest, toAnswer: (row: T) => A): PageOf<A> {
  const cut = cutPage(rows, page)
  return { items: cut.rows.map(toAnswer), nextCursor: cut.nextCursor }
}

/** The rows that `read` answers page by page in the order of their ids, each page after the last id of the one before, the first after `from`. */
export async function* pages<T extends { readonly id: string }>(read: (after: string) => Promise<T[]>, from = ''): AsyncGenerator<T> {
  for (let after = from; ; ) {
    const rows = await read(after)
    yield* rows
    const last = rows.at(-1)
    if (!last) return
    after = last.id
  }
}
