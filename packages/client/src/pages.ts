import type { PageOf } from '@holdfast/api'

/** Follows `nextCursor` to the end; every item once, in the server's order. Stop early with `break`. */
export async function* everyItem<T>(page: (cursor: string | undefined) => Promise<PageOf<T>>): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await page(cursor)
    yield* items
    cursor = nextCursor ?? undefined
  } while (cursor !== undefined)
}
