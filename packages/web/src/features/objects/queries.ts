import type { StoredObject } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { pagedQuery } from '../../ui/paged-query.ts'
import type { ObjectFilter } from './object-filter.ts'
import { isSettling } from './object-words.ts'

/** How often what the server still works on is asked for again, in milliseconds. */
const whileSettling = 2_000
const lately = 3_600_000

/** An upload that nobody completes would otherwise keep its list asking until it is cleaned up. */
const isMoving = (object: StoredObject): boolean => isSettling(object) && Date.now() - Date.parse(object.createdAt) < lately

export const objectsQuery = (client: Client, filter: ObjectFilter) =>
  pagedQuery<StoredObject>([keys.objects, 'list', filter], (asked, options) => client.objects.list({ ...filter, ...asked }, options), {
    every: (objects) => (objects.some(isMoving) ? whileSettling : false),
  })

export const objectQuery = (client: Client, id: string) =>
  queryOptions({
    queryKey: [keys.objects, 'one', id],
    queryFn: ({ signal }) => client.objects.get(id, { signal }),
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? whileSettling : false),
  })

/** Names of the classes that there are to filter by. */
export const classNamesQuery = (client: Client) =>
  queryOptions({
    queryKey: [keys.classes, 'names'],
    queryFn: async ({ signal }) => (await client.objectClasses.list({ signal })).items.map(({ name }) => name),
    staleTime: 60_000,
  })
