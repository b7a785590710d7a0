import type { Migration, MigrationCreate, Move, Target } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

/** How often a migration that is under way is asked for again, in milliseconds. */
const whileRunning = 2_000

const isRunning = (migration: Migration | undefined): boolean => migration?.status === 'running'

export const migrationsQuery = (client: Client) =>
  infiniteQueryOptions({
    queryKey: [keys.migrations, 'list'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => client.migrations.list({ limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.items.some(isRunning)) ? whileRunning : false),
  })

export const migrationQuery = (client: Client, id: string) =>
  queryOptions({
    queryKey: [keys.migrations, 'one', id],
    queryFn: ({ signal }) => client.migrations.get(id, { signal }),
    refetchInterval: (query) => (isRunning(query.state.data) ? whileRunning : false),
  })

export type MoveList = { readonly id: string; readonly status: Move['status'] | undefined; readonly live: boolean }

export const movesQuery = (client: Client, { id, status, live }: MoveList) =>
  infiniteQueryOptions({
    // Asked anew when it ends, since the last look was before that.
    queryKey: [keys.migrations, 'moves', id, status ?? 'all', live],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      client.migrations.moves(id, { limit: 50, ...(status ? { status } : {}), ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: live ? whileRunning : false,
  })

/** The files that are on their way right now, which is one or none. */
export const underWayQuery = (client: Client, id: string, live: boolean) =>
  queryOptions({
    queryKey: [keys.migrations, 'under-way', id],
    queryFn: ({ signal }) => client.migrations.moves(id, { status: 'copying', limit: 1 }, { signal }),
    refetchInterval: live ? whileRunning : false,
  })

export const planQuery = (client: Client, between: MigrationCreate) =>
  queryOptions({
    queryKey: [keys.migrations, 'plan', between.fromTargetId, between.toTargetId],
    queryFn: ({ signal }) => client.migrations.plan(between, { signal }),
    gcTime: 0,
  })

/** All of them: both ends of a migration are chosen from one list. */
export const allTargetsQuery = (client: Client) =>
  queryOptions({
    queryKey: [keys.targets, 'all'],
    queryFn: async ({ signal }): Promise<Target[]> => {
      const targets: Target[] = []
      for await (const target of client.targets.every({ limit: 200 }, { signal })) targets.push(target)
      return targets
    },
  })
