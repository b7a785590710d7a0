import type { Asset, AssetLink, IntentStatus, UploadIntent } from '@holdfast/api'
import { toIso, toIsoOrNull } from '../../core/clock.ts'
import type { AssetView } from '../../db/evidence.ts'
import type { IntentRow } from '../../db/evidence-intents.ts'
import type { LinkRow } from '../../db/evidence-links.ts'
import type { UploadView } from '../../db/uploads.ts'
import { statusOf } from './find-asset.ts'

/** An asset as apps see it: neither keys nor targets (C1). */
export const toAssetAnswer = (asset: AssetView): Asset => {
  const { file } = asset
  return {
    id: asset.id,
    app: asset.app,
    companyId: asset.companyId,
    kind: asset.kind,
    filename: file.name,
    contentType: file.contentType,
    size: file.size,
    status: statusOf(asset),
    scanStatus: asset.scanStatus,
    checksumAlgorithm: 'sha256',
    checksum: file.sha256,
    declaredChecksum: file.declaredSha256,
    retention: file.retention,
    expiresAt: toIsoOrNull(file.expiresAt),
    legalHold: asset.held,
    createdAt: toIso(file.createdAt),
    verifiedAt: asset.promotedAt === null ? null : toIsoOrNull(file.verifiedAt),
    createdBy: file.uploadedBy,
    version: file.version,
  }
}

type IntentUpload = Pick<UploadView, 'status' | 'expiresAt' | 'touchedAt'>

/** What has become of an intent, as its upload tells: one that ended without an asset has expired. */
export function intentStatusOf(intent: Pick<IntentRow, 'cancelledAt'>, upload: Pick<UploadView, 'status'>): IntentStatus {
  if (intent.cancelledAt !== null) return 'cancelled'
  if (upload.status === 'aborted') return 'expired'
  return upload.status === 'completed' ? 'completed' : 'pending'
}

export const toIntentAnswer = (intent: IntentRow, upload: IntentUpload): UploadIntent => {
  const status = intentStatusOf(intent, upload)
  return {
    id: intent.id,
    assetId: intent.assetId,
    status,
    expiresAt: toIso(upload.expiresAt),
    createdAt: toIso(intent.createdAt),
    completedAt: status === 'completed' ? toIso(upload.touchedAt) : null,
  }
}

export const toLinkAnswer = (link: LinkRow): AssetLink => ({
  id: link.id,
  assetId: link.assetId,
  app: link.app,
  companyId: link.companyId,
  sourceType: link.sourceType,
  sourceId: link.sourceId,
  kind: link.kind,
  createdAt: toIso(link.createdAt),
  createdBy: link.createdBy,
})
