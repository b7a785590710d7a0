import type { AssetScanStatus, AssetStatus, FileStatus, MalwareVerdict } from '@holdfast/api'

/** THE table of what the state of its file makes of an asset. A damaged one is stored, and not verified any more. */
const assetStatusOfFile: Readonly<Record<FileStatus, AssetStatus>> = {
  PENDING_UPLOAD: 'pending_upload',
  SCANNING: 'uploaded',
  REJECTED: 'uploaded',
  DAMAGED: 'uploaded',
  READY: 'verified',
  FAILED: 'deleted',
  DELETED: 'deleted',
}

/** Only what is verified can be archived. */
export const assetStatusOf = (asset: { fileStatus: FileStatus; archivedAt: number | null }): AssetStatus => {
  const status = assetStatusOfFile[asset.fileStatus]
  return status === 'verified' && asset.archivedAt !== null ? 'archived' : status
}

/** The files whose assets are in `status`; `archived`: whether `archivedAt` has to be set, null where it says nothing. */
export const filesOfAssets = (status: AssetStatus): { states: FileStatus[]; archived: boolean | null } => {
  const of = status === 'archived' ? 'verified' : status
  const states = (Object.keys(assetStatusOfFile) as FileStatus[]).filter((state) => assetStatusOfFile[state] === of)
  return { states, archived: of === 'verified' ? status === 'archived' : null }
}

/** What the scan says: malware blocks; anything that validation noted makes suspicious; what nobody scanned is skipped, never clean. */
export function scanStatusOf(found: { malware: MalwareVerdict; noted: number }): AssetScanStatus {
  if (found.malware.verdict === 'infected') return 'blocked'
  if (found.noted > 0) return 'suspicious'
  return found.malware.verdict === 'clean' ? 'clean' : 'skipped'
}
