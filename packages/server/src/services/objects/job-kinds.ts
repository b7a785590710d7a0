import type { NewJob } from '../../db/job-queue.ts'

/** Reads a received object, judges it, and makes it READY or REJECTED. */
export const SCAN_OBJECT = 'scan-object'

export const scanKey = (fileId: string): string => `${SCAN_OBJECT}:${fileId}`

export const scanObjectJob = (file: { tenantId: string; fileId: string }): NewJob => ({
  kind: SCAN_OBJECT,
  tenantId: file.tenantId,
  payload: { fileId: file.fileId },
  uniqueKey: scanKey(file.fileId),
})
