import { systemActor } from '../../core/actor.ts'
import { scanStatusOf } from '../../core/asset-states.ts'
import type { AssetRow } from '../../db/evidence.ts'
import type { FileRow } from '../../db/file-rows.ts'
import { type ObjectStat, StorageError, type StorageTarget } from '../../storage/target.ts'
import type { ObjectContract, Placed } from '../objects/contract.ts'
import type { ObjectDeps } from '../objects/deps.ts'
import { digestBytes, openObjectBytes } from '../objects/read-object.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import { copyWithin } from './copy-within.ts'
import { leaveQuarantine, removeUnplaced } from './quarantine.ts'

type Promotion = { readonly target: StorageTarget; readonly sha256: string; readonly signal: AbortSignal }

/** What lies at the final key, where it is the whole object that was judged; null where nothing or something else does. */
async function findProven(
  deps: ObjectDeps,
  { asset, file }: { asset: AssetRow; file: FileRow },
  given: Promotion,
): Promise<ObjectStat | null> {
  const { target, sha256, signal } = given
  const stat = await target.stat(asset.finalKey, { signal })
  if (stat?.size !== file.objectSize) return null
  try {
    const copy = { ...file, objectKey: asset.finalKey, objectEtag: stat.etag }
    using source = await openObjectBytes(deps.reader, copy, { target, signal })
    return (await digestBytes(source, { signal })).sha256 === sha256 ? stat : null
  } catch (error) {
    if (error instanceof ObjectDamaged) return null
    throw error
  }
}

/** Repeatable: a copy that an interrupted attempt has made is proven and taken. */
async function promote(deps: ObjectDeps, { asset, file }: { asset: AssetRow; file: FileRow }, given: Promotion): Promise<Placed> {
  const { points } = deps.ingest
  let stat = await findProven(deps, { asset, file }, given)
  if (stat === null) {
    points.reach('evidence.promote.before-copy')
    const bytes = { size: file.objectSize, etag: file.objectEtag, sha256: file.container === null ? given.sha256 : null }
    await copyWithin(given.target, { from: asset.quarantineKey, to: asset.finalKey, ...bytes }, given.signal)
    points.reach('evidence.promote.after-copy')
    stat = await findProven(deps, { asset, file }, given)
  }
  // Where the object was replaced meanwhile, the next attempt sees that when it reads it anew.
  if (stat === null) throw new StorageError('unavailable', 'The copy that was read back is not the object that was judged')
  points.reach('evidence.promote.after-proof')
  return { objectKey: asset.finalKey, objectEtag: stat.etag, objectModifiedAt: stat.modifiedAt, atRest: stat.atRest ?? null }
}

/**
 * Assets of the evidence contract go from quarantine to the same key without it (C3). Whoever still holds the upload URL can replace what
 * lies in quarantine, which is then not what was judged, and never what lies at the final key.
 */
export const evidenceContract = (deps: ObjectDeps): ObjectContract => ({
  async place(file, given) {
    const asset = await deps.ingest.store.read.assets.find(file.tenantId, file.id)
    if (!asset) throw new Error('The file of an asset has no asset')
    return await promote(deps, { asset, file }, given)
  },
  async settled(tx, file, { judgement, placed, at }) {
    const asset = await tx.assets.find(file.tenantId, file.id)
    if (!asset) throw new Error('The file of an asset has no asset')
    const { malware, findings, sha256 } = judgement
    const scanStatus = scanStatusOf({ malware, noted: findings.length })
    await tx.assets.settle(file, { scanStatus, promotedAt: placed === null ? null : at })
    if (placed === null) return
    await leaveQuarantine(tx, file)
    const told = { tenantId: file.tenantId, actor: systemActor, requestId: null, fileId: file.id }
    const details = { name: file.name, sha256, diagnostics: [], scanStatus }
    await tx.audit.append({ ...told, action: 'EVIDENCE_VERIFIED', result: 'ok', details })
  },
  unplace: (file) => removeUnplaced(deps.ingest, file),
})
