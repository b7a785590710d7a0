import type { Job } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { infiniteQueryOptions } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'

const isLive = (job: Job) => job.status === 'queued' || job.status === 'running'

export const jobsQuery = (client: Client, status: Job['status'] | undefined) =>
  infiniteQueryOptions({
    queryKey: [keys.jobs, 'list', status ?? ''],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      client.jobs.list({ limit: 50, ...(status ? { status } : {}), ...(pageParam ? { cursor: pageParam } : {}) }, { signal }),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.items.some(isLive)) ? 3_000 : 15_000),
  })
