import { v7, validate, version } from 'uuid'

/** A new id: UUIDv7 (RFC 9562 §5.7), so that primary keys grow with time and inserts stay at the end of the index. */
export const newId = (): string => v7()

/** Whether it is an id as `newId` makes them: a UUIDv7 in lower case. */
export const isOwnId = (id: string): boolean => validate(id) && version(id) === 7 && id === id.toLowerCase()

/** The first 32 of the 48 bits that hold an id's time. */
const SHORT_MILLISECONDS = 2 ** 16

/**
 * A new id whose first 8 hex digits come after those of `last`, so that they alone tell apart what was made one after another (D14).
 * Its time runs ahead of the clock where many are made within a minute, as RFC 9562 §6.1 allows.
 */
export function newIdWithOwnStart(last: string | null, now: number): string {
  const next = last === null ? 0 : (Number.parseInt(last.slice(0, 8), 16) + 1) * SHORT_MILLISECONDS
  return v7({ msecs: Math.max(now, next) })
}
