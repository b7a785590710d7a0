import type { AssetView } from '../../db/evidence.ts'
import type { FileRow } from '../../db/file-rows.ts'
import { quarantineJobKey } from '../evidence/job-kinds.ts'
import type { CheckDeps } from './check-store.ts'
import type { CheckNotes } from './report.ts'

/** Why the asset does not lie where its state says, or null. */
function misplaced({ file, promotedAt, quarantineKey, finalKey }: AssetView): string | null {
  const isOut = promotedAt !== null
  if (file.objectKey !== (isOut ? finalKey : quarantineKey)) return `it is ${isOut ? '' : 'not '}promoted, and its file names another key`
  const isVerified = file.status === 'READY' || file.status === 'DAMAGED'
  if (isVerified && !isOut) return `its file is ${file.status} in quarantine`
  const isUnverified = ['PENDING_UPLOAD', 'SCANNING', 'REJECTED'].includes(file.status)
  return isUnverified && isOut ? `its file is ${file.status} out of quarantine` : null
}

/** An asset is out of quarantine exactly where it was verified, and what it has left there has its job (C3). */
export async function checkAsset({ store }: CheckDeps, file: FileRow, notes: CheckNotes): Promise<void> {
  if (file.tier !== 'object') return
  const { read } = store
  const asset = await read.assets.find(file.tenantId, file.id)
  if (!asset) return
  const fault = misplaced(asset)
  if (fault !== null) notes.find('asset-place', file.id, fault)
  if (asset.promotedAt === null || asset.quarantinePurgedAt !== null || (await read.jobs.isActive(quarantineJobKey(asset.id)))) return
  if ((await read.targets.find(asset.tenantId, asset.targetId))?.removedAt !== null) return
  const now = await read.assets.find(asset.tenantId, asset.id)
  if (now?.quarantinePurgedAt === null) notes.find('job-lost', file.id, 'its quarantine is to be cleared, and no job does it')
}
