import type { Job, JobQuery, PageOf } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

export const jobCalls = (http: Http) => ({
  list: (query: JobQuery = {}, options?: CallOptions): Promise<PageOf<Job>> => http.json({ method: 'GET', path: '/jobs', query }, options),
  retry: (jobId: string, options?: CallOptions): Promise<Job> =>
    http.json({ method: 'POST', path: `/jobs/${encodeURIComponent(jobId)}/retry`, body: {} }, options),
  cancel: (jobId: string, options?: CallOptions): Promise<Job> =>
    http.json({ method: 'POST', path: `/jobs/${encodeURIComponent(jobId)}/cancel`, body: {} }, options),
})

export type JobCalls = ReturnType<typeof jobCalls>
