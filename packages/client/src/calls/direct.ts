import type {
  DirectState,
  DownloadUrl,
  DownloadUrlRequest,
  PageOf,
  Part,
  PartReceipts,
  PartUrls,
  Sync,
  SyncStart,
  TargetTestResult,
} from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

const uploadPath = (uploadId: string) => `/upload-sessions/${encodeURIComponent(uploadId)}`
const syncPath = (syncId: string) => `/syncs/${encodeURIComponent(syncId)}`
/** A test waits for a target step by step. */
const testTimeout = { timeoutMs: 300_000 }

export const directCalls = (http: Http) => ({
  /** Whether Direct is bound, and what its target has room for. */
  state: (options?: CallOptions): Promise<DirectState> => http.json({ method: 'GET', path: '/direct' }, options),
  /** Signed requests for these parts. Asking is free of effect, so it may be repeated. */
  partUrls: (uploadId: string, numbers: readonly number[], options?: CallOptions): Promise<PartUrls> =>
    http.json({ method: 'POST', path: `${uploadPath(uploadId)}/part-urls`, body: { numbers: [...numbers] }, repeatable: true }, options),
  /** Tells the server which parts the bucket has, also where the page is closed meanwhile; the last receipt of a number wins. */
  keepReceipts: (uploadId: string, receipts: PartReceipts, options?: CallOptions): Promise<{ items: Part[] }> =>
    http.json({ method: 'POST', path: `${uploadPath(uploadId)}/receipts`, body: receipts, repeatable: true, outlivesPage: true }, options),
  /** Writes the DOWNLOAD entry and answers where the bytes are. */
  downloadUrl: (fileId: string, request: DownloadUrlRequest = {}, options?: CallOptions): Promise<DownloadUrl> =>
    http.json({ method: 'POST', path: `/files/${encodeURIComponent(fileId)}/download-url`, body: request }, options),
  /** Stops the reading back of a file that is under way. Right after its upload it is then READY with the digest that was declared. */
  cancelHashing: (fileId: string, options?: CallOptions): Promise<void> =>
    http.json({ method: 'DELETE', path: `/files/${encodeURIComponent(fileId)}/verify` }, options),
  /** Sends a small object the way that browsers will, step by step. */
  test: (options?: CallOptions): Promise<TargetTestResult> =>
    http.json({ method: 'POST', path: '/roles/direct/test', body: {} }, { ...testTimeout, ...options }),
})

export const syncCalls = (http: Http) => ({
  start: (caseId: string, request: SyncStart, options?: CallOptions): Promise<Sync> =>
    http.json({ method: 'POST', path: `/cases/${encodeURIComponent(caseId)}/syncs`, body: request, creates: true }, options),
  list: (caseId: string, query: { limit?: number; cursor?: string } = {}, options?: CallOptions): Promise<PageOf<Sync>> =>
    http.json({ method: 'GET', path: `/cases/${encodeURIComponent(caseId)}/syncs`, query }, options),
  get: (syncId: string, options?: CallOptions): Promise<Sync> => http.json({ method: 'GET', path: syncPath(syncId) }, options),
  cancel: (syncId: string, options?: CallOptions): Promise<Sync> =>
    http.json({ method: 'POST', path: `${syncPath(syncId)}/cancel`, body: {}, repeatable: true }, options),
})

export type DirectCalls = ReturnType<typeof directCalls>
export type SyncCalls = ReturnType<typeof syncCalls>
