import { hasObject } from '../core/file-states.ts'
import { leftoverTarget } from '../db/moves.ts'
import type { Store } from '../db/store.ts'

type Deps = { readonly store: Store }
type Place = { readonly tenantId: string; readonly targetId: string }

/**
 * Whether a row accounts for an object of the secure tier, of an app or of an asset at a target: its file, the completion that is just
 * making it, the move that is just bringing it, or the removal that is on its way.
 */
export async function isKnownObject(deps: Deps, place: Place, key: string): Promise<boolean> {
  const file = await deps.store.read.files.findByKey(place.tenantId, key)
  if (!file) return isBesideAsset(deps, place, key)
  if (file.targetId !== place.targetId) return isMoving(deps, place, file.id)
  if (hasObject(file.status)) return true
  if (file.status === 'PENDING_UPLOAD') {
    const upload = await deps.store.read.uploads.findOfFile(place.tenantId, file.id)
    // A sender puts an object into the bucket before it tells of it.
    return upload?.status === 'completing' || (upload?.delivery === 'presigned' && upload.policy !== null)
  }
  return file.purgedAt === null
}

/** What an asset has besides its file's object: the copy that is being promoted, what is left in quarantine, or what is being purged. */
async function isBesideAsset(deps: Deps, place: Place, key: string): Promise<boolean> {
  const asset = await deps.store.read.assets.findByKey(place.tenantId, key)
  if (asset?.targetId !== place.targetId) return false
  if (asset.file.purgedAt === null && ['DELETED', 'FAILED'].includes(asset.file.status)) return true
  return asset.promotedAt === null ? asset.file.status === 'SCANNING' : key === asset.quarantineKey && asset.quarantinePurgedAt === null
}

/** An object at a target that is not its file's: the copy that is being made, or what is left where it was. */
async function isMoving(deps: Deps, place: Place, fileId: string): Promise<boolean> {
  const moves = await deps.store.read.moves.ofFile(place.tenantId, fileId)
  return moves.some(
    (move) =>
      (move.status === 'copying' && move.toTargetId === place.targetId) ||
      (move.status !== 'copying' && move.purgedAt === null && leftoverTarget(move) === place.targetId),
  )
}
