import type { ObjectClass } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { keys } from '../../app/query-keys.ts'
import { pagedQuery } from '../../ui/paged-query.ts'

/** All of them come in one page. */
export const classesQuery = (client: Client) =>
  pagedQuery<ObjectClass>([keys.classes, 'list'], (_, options) => client.objectClasses.list(options))
