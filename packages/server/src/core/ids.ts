import { v7 } from 'uuid'

/** A new id: UUIDv7 (RFC 9562 §5.7), so that primary keys grow with time and inserts stay at the end of the index. */
export const newId = (): string => v7()
