import type { NewJob } from '../../../db/job-queue.ts'

/** Reconciles one scope with its storage. */
export const SYNC_SCOPE = 'sync-scope'
/** Ends Syncs that no job goes on with, and forgets what ended ones found. */
export const SWEEP_SYNCS = 'sweep-syncs'

type Scope = { readonly caseId: string; readonly itemId: string | null }

/** One Sync a scope at a time. */
export const syncScopeKey = ({ caseId, itemId }: Scope): string => `${SYNC_SCOPE}:${itemId ?? caseId}`

export const syncScopeJob = (sync: Scope & { id: string; tenantId: string }): NewJob => ({
  kind: SYNC_SCOPE,
  tenantId: sync.tenantId,
  payload: { syncId: sync.id },
  uniqueKey: syncScopeKey(sync),
  maxAttempts: 8,
})
