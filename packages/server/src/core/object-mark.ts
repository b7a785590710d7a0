/** How an object looked when something was found out about it. */
export type ObjectMark = { readonly size: number; readonly etag: string | null; readonly modifiedAt: number | null }

const SECOND = 1000

/**
 * Whether what is seen now is another object than the one that was known, or the same one changed. Times count in whole seconds, since
 * some backends tell more in a listing than when they are asked for one object; what is not known on one side says nothing.
 */
export function hasChanged(known: ObjectMark, seen: ObjectMark): boolean {
  if (known.size !== seen.size) return true
  if (known.etag !== null && seen.etag !== null && known.etag !== seen.etag) return true
  if (known.modifiedAt === null || seen.modifiedAt === null) return false
  return Math.floor(known.modifiedAt / SECOND) !== Math.floor(seen.modifiedAt / SECOND)
}
