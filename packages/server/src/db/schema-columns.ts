import type { ColumnType } from 'kysely'

/** Milliseconds since the epoch. */
export type Time = number
export type Flag = 0 | 1
/** JSON as text. */
export type Json = string
/** A column that is written and never read. */
export type Unread<T> = ColumnType<never, T, T>
