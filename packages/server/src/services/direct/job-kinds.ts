import type { NewJob } from '../../db/job-queue.ts'

/** Reads a direct file's object for its digest. */
export const HASH_FILE = 'hash-file'

/** With the worker's backoff about a minute, so that a restart of the storage goes unnoticed. */
export const HASH_ATTEMPTS = 6

export const hashKey = (fileId: string): string => `${HASH_FILE}:${fileId}`

export const hashFileJob = (file: { tenantId: string; fileId: string }): NewJob => ({
  kind: HASH_FILE,
  tenantId: file.tenantId,
  payload: { fileId: file.fileId },
  uniqueKey: hashKey(file.fileId),
  maxAttempts: HASH_ATTEMPTS,
})
