import type { AuditCheckpoint, AuditEntry, AuditProof, AuditQuery, AuditVerification, PageOf } from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'
import { everyItem } from '../pages.ts'

export type AuditFilter = Omit<AuditQuery, 'cursor' | 'limit'>
export type AuditExportFormat = 'csv' | 'jsonl'

export const auditCalls = (http: Http) => {
  const list = (query: AuditQuery = {}, options?: CallOptions): Promise<PageOf<AuditEntry>> =>
    http.json({ method: 'GET', path: '/audit/entries', query }, options)
  return {
    list,
    every: (filter: AuditFilter = {}, options?: CallOptions) =>
      everyItem<AuditEntry>((cursor) => list({ ...filter, ...(cursor ? { cursor } : {}) }, options)),
    exportUrl: (format: AuditExportFormat, filter: AuditFilter = {}): string => http.url('/audit/export', { format, ...filter }),
    /** The answer, unread: entries as CSV or as JSON lines. */
    export: (format: AuditExportFormat, filter: AuditFilter = {}, options?: CallOptions): Promise<Response> =>
      http.raw({ method: 'GET', path: '/audit/export', query: { format, ...filter } }, options),
    checkpoint: (options?: CallOptions): Promise<AuditCheckpoint> => http.json({ method: 'GET', path: '/audit/checkpoint' }, options),
    proof: (entryId: string, options?: CallOptions): Promise<AuditProof> =>
      http.json({ method: 'GET', path: `/audit/proofs/${encodeURIComponent(entryId)}` }, options),
    /** Has the server check its whole log; grows with the log. */
    verify: (options?: CallOptions): Promise<AuditVerification> =>
      http.json({ method: 'GET', path: '/audit/verification' }, { timeoutMs: 300_000, ...options }),
  }
}

export type AuditCalls = ReturnType<typeof auditCalls>
