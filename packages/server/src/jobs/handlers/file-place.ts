import type { Attempt } from '../job-handler.ts'

/** The file that a job is about, or null where its payload names none. */
export function filePlace(job: Attempt): { tenantId: string; fileId: string } | null {
  const { fileId } = job.payload
  return job.tenantId !== null && typeof fileId === 'string' ? { tenantId: job.tenantId, fileId } : null
}
