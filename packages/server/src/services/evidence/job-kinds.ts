import type { NewJob } from '../../db/job-queue.ts'

/** Removes what a promoted asset has left in quarantine. */
export const PURGE_QUARANTINE = 'purge-quarantine'
/** Gives a job to what a promotion has left in quarantine, where it has none. */
export const SWEEP_QUARANTINE = 'sweep-quarantine'

export const quarantineJobKey = (assetId: string): string => `${PURGE_QUARANTINE}:${assetId}`

/** `runAt`: once nobody can put anything there any more. */
export const purgeQuarantineJob = (asset: { tenantId: string; id: string; runAt: number | null }): NewJob => ({
  kind: PURGE_QUARANTINE,
  tenantId: asset.tenantId,
  payload: { fileId: asset.id },
  ...(asset.runAt === null ? {} : { runAt: asset.runAt }),
  uniqueKey: quarantineJobKey(asset.id),
})
