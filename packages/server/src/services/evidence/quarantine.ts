import type { Clock } from '../../core/clock.ts'
import type { CrashPoints } from '../../core/crash-point.ts'
import type { Store, Tx } from '../../db/store.ts'
import { deleteUnlocked } from '../holds/lock-objects.ts'
import { bucketUrlExpiry } from '../ingest/abort.ts'
import { URL_SLACK } from '../ingest/job-kinds.ts'
import { pages } from '../pages.ts'
import type { TargetAccess } from '../target-access.ts'
import { purgeQuarantineJob } from './job-kinds.ts'

export type QuarantineDeps = { readonly store: Store; readonly clock: Clock; readonly targets: TargetAccess; readonly points: CrashPoints }

const PAGE = 200

const isTargetThere = async (deps: QuarantineDeps, at: { tenantId: string; targetId: string }): Promise<boolean> =>
  (await deps.store.read.targets.find(at.tenantId, at.targetId))?.removedAt === null

/** What lies in quarantine of a promoted asset goes by a job, once no URL can put anything there any more. */
export async function leaveQuarantine(tx: Tx, asset: { tenantId: string; id: string }): Promise<void> {
  const expiry = bucketUrlExpiry(await tx.uploads.findOfFile(asset.tenantId, asset.id))
  await tx.jobs.enqueue(purgeQuarantineJob({ ...asset, runAt: expiry === null ? null : expiry + URL_SLACK }))
}

/**
 * Removes what a promoted asset has left in quarantine. Repeatable. Where the target was removed it stays there: the sweep comes back to it
 * once the target is taken back.
 */
export async function purgeQuarantine(deps: QuarantineDeps, at: { tenantId: string; fileId: string }): Promise<void> {
  const asset = await deps.store.read.assets.find(at.tenantId, at.fileId)
  if (!asset || asset.promotedAt === null || asset.quarantinePurgedAt !== null || !(await isTargetThere(deps, asset))) return
  await using lease = await deps.targets.lease(asset.tenantId, asset.targetId)
  deps.points.reach('evidence.quarantine.before-delete')
  await deleteUnlocked(lease.target, asset.quarantineKey)
  deps.points.reach('evidence.quarantine.after-delete')
  await deps.store.transaction((tx) => tx.assets.markQuarantinePurged(asset, deps.clock.now()))
  deps.points.reach('evidence.quarantine.after-commit')
}

/** Removes the copy of an asset that was not switched to and never will be: it was rejected, or its file is gone. */
export async function removeUnplaced(deps: QuarantineDeps, at: { tenantId: string; fileId: string }): Promise<void> {
  const asset = await deps.store.read.assets.find(at.tenantId, at.fileId)
  if (!asset || asset.promotedAt !== null || asset.file.status === 'SCANNING' || !(await isTargetThere(deps, asset))) return
  await using lease = await deps.targets.lease(asset.tenantId, asset.targetId)
  await deleteUnlocked(lease.target, asset.finalKey)
}

/** Gives a job to whatever should have one: what may still lie in quarantine of promoted assets. */
export async function sweepQuarantine(deps: QuarantineDeps): Promise<void> {
  for await (const asset of pages((after) => deps.store.read.assets.pageInQuarantine(after, PAGE))) {
    if (!(await isTargetThere(deps, asset))) continue
    await deps.store.transaction((tx) => leaveQuarantine(tx, asset))
  }
}
