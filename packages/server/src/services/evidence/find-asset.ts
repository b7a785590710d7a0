import { type AssetStatus, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { assetStatusOf } from '../../core/asset-states.ts'
import type { AssetView } from '../../db/evidence.ts'
import type { Tables } from '../../db/store.ts'
import { existing } from '../caller.ts'

export const statusOf = (asset: Pick<AssetView, 'archivedAt'> & { file: Pick<AssetView['file'], 'status'> }): AssetStatus =>
  assetStatusOf({ fileStatus: asset.file.status, archivedAt: asset.archivedAt })

/** The asset, a deleted one too. NOT_FOUND where the tenant has none of this id. */
export const getAsset = async (read: Pick<Tables, 'assets'>, caller: Caller, id: string): Promise<AssetView> =>
  existing(await read.assets.find(caller.tenantId, id), 'asset')

const whyNot: Readonly<Record<Exclude<AssetStatus, 'verified'>, string>> = {
  pending_upload: 'Its bytes have not been received. PUT them to the URL of its intent and complete that.',
  uploaded: 'It is not verified yet. Wait until its status is verified.',
  archived: 'It is archived.',
  deleted: 'It was deleted. Upload the file anew.',
}

/** FILE_NOT_READY, OBJECT_REJECTED or FILE_DAMAGED where the asset is in none of the states `wanted`. */
export function requireStatus(asset: AssetView, wanted: readonly AssetStatus[]): void {
  const status = statusOf(asset)
  if (wanted.includes(status)) return
  const extra = { assetStatus: status, scanStatus: asset.scanStatus }
  if (asset.file.status === 'REJECTED') {
    throw new Problem('OBJECT_REJECTED', `It is blocked. ${asset.file.statusReason ?? ''}`.trim(), { extra })
  }
  if (asset.file.status === 'DAMAGED') throw new Problem('FILE_DAMAGED', 'Its stored bytes are not what was verified.', { extra })
  throw new Problem('FILE_NOT_READY', status === 'verified' ? 'It is not archived.' : whyNot[status], { extra })
}
