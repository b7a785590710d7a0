import type { RetryTuning } from './pace.ts'

/** Times in milliseconds. */
export type UploadTuning = RetryTuning & {
  /** Parts in flight at once. */
  readonly lanes: number
  /** A transfer without a byte or an answer for this long is broken off and tried again. */
  readonly stallMs: number
  /** A call other than a part may take this long, and the one that completes the upload this long, before it is tried again. */
  readonly callMs: number
  readonly completeMs: number
  /** Receipts of parts that went straight into a bucket are gathered for this long before the server is told. */
  readonly receiptsMs: number
  /** Between questions whether the stored file is proven: at first, from then on, and after a minute. */
  readonly pollMs: { readonly first: number; readonly steady: number; readonly slow: number }
}

export const defaultTuning: UploadTuning = {
  lanes: 3,
  firstRetryMs: 500,
  longestRetryMs: 20_000,
  giveUpAfterMs: 10 * 60_000,
  stallMs: 60_000,
  callMs: 30_000,
  completeMs: 120_000,
  receiptsMs: 2000,
  pollMs: { first: 250, steady: 2000, slow: 8000 },
}
