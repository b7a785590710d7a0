import type { NewJob } from '../../db/job-queue.ts'

/** Reads a file back from its target, proves it and settles its status. */
export const VERIFY_FILE = 'verify-file'
/** Removes from its target what a file that is gone has left there. */
export const PURGE_OBJECT = 'purge-object'
/** Ends abandoned uploads and takes up interrupted work, by the rows alone. */
export const SWEEP_UPLOADS = 'sweep-uploads'
/** Removes writes at the targets that no upload knows. */
export const SWEEP_TARGETS = 'sweep-targets'

/** A sweep now, beside those of the schedule. */
export const sweepUploadsJob: NewJob = {
  kind: SWEEP_UPLOADS,
  tenantId: null,
  payload: {},
  uniqueKey: `${SWEEP_UPLOADS}:now`,
  maxAttempts: 3,
}

export const verifyKey = (fileId: string): string => `${VERIFY_FILE}:${fileId}`
export const purgeKey = (fileId: string): string => `${PURGE_OBJECT}:${fileId}`

/** `fresh`: the first reading back of an upload, which has nothing left to do once it is settled; otherwise asked for by someone. */
export const verifyFileJob = (file: { tenantId: string; fileId: string; fresh: boolean }): NewJob => ({
  kind: VERIFY_FILE,
  tenantId: file.tenantId,
  payload: { fileId: file.fileId, fresh: file.fresh },
  uniqueKey: verifyKey(file.fileId),
})

/** A URL that a bucket has granted can store an object until it expires, by the bucket's clock: what is removed before may come back. */
export const URL_SLACK = 60_000

/**
 * What a purge needs is in the rows of file and upload, which outlive the object. Where a URL for its bytes was given out, it waits
 * until that has expired.
 */
export const purgeObjectJob = (file: { tenantId: string; fileId: string; urlExpiresAt?: number | null }): NewJob => ({
  kind: PURGE_OBJECT,
  tenantId: file.tenantId,
  payload: { fileId: file.fileId },
  ...(file.urlExpiresAt ? { runAt: file.urlExpiresAt + URL_SLACK } : {}),
  uniqueKey: purgeKey(file.fileId),
})
