import type { Hold, HoldQuery } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { keys } from '../../app/query-keys.ts'
import { pagedQuery } from '../../ui/paged-query.ts'

export type HoldFilter = Omit<HoldQuery, 'limit' | 'cursor'>

/** While the storage is being told of a hold its row is worth asking for again. */
const whilePending = (holds: readonly Hold[]) => (holds.some((hold) => hold.lock.state === 'pending') ? 3_000 : false)

export const holdsQuery = (client: Client, filter: HoldFilter) =>
  pagedQuery<Hold>([keys.holds, 'list', filter], (asked, options) => client.holds.list({ ...filter, ...asked }, options), {
    every: whilePending,
  })
