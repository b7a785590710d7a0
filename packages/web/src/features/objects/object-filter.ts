import type { ObjectQuery } from '@holdfast/api'
import type { LiveStatus } from './object-words.ts'

/** The filters as they stand in the address. */
export type ObjectSearch = {
  readonly owner?: string | undefined
  readonly ownerId?: string | undefined
  readonly class?: string | undefined
  readonly status?: LiveStatus | undefined
  readonly current?: 'yes' | 'no' | undefined
  readonly held?: 'yes' | 'no' | undefined
}

export type ObjectFilter = Omit<ObjectQuery, 'limit' | 'cursor'>

/** What the API is asked for. */
export const toFilter = (search: ObjectSearch): ObjectFilter => ({
  ...(search.owner ? { ownerEntityType: search.owner } : {}),
  ...(search.ownerId ? { ownerEntityId: search.ownerId } : {}),
  ...(search.class ? { objectClass: search.class } : {}),
  ...(search.status ? { status: search.status } : {}),
  ...(search.current ? { isCurrent: search.current === 'yes' } : {}),
  ...(search.held ? { held: search.held === 'yes' } : {}),
})

export const hasFilter = (search: ObjectSearch): boolean => Object.keys(toFilter(search)).length > 0
