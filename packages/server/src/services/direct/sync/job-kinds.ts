import type { NewJob } from '../../../db/job-queue.ts'

/** Reconciles one scope with its storage. */
export const SYNC_SCOPE = 'sync-scope'
/** Ends Syncs that no job goes on with, and forgets what ended ones found. */
export const SWEEP_SYNCS = 'sweep-syncs'

export const syncScopeKey = (syncId: string): string => `${SYNC_SCOPE}:${syncId}`

export const syncScopeJob = (sync: { id: string; tenantId: string }): NewJob => ({
  kind: SYNC_SCOPE,
  tenantId: sync.tenantId,
  payload: { syncId: sync.id },
  uniqueKey: syncScopeKey(sync.id),
  maxAttempts: 8,
})
