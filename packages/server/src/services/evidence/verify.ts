import { type AssetVerification, Problem } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import type { AssetView } from '../../db/evidence.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import type { ObjectStat, StorageTarget } from '../../storage/target.ts'
import { toldBy } from '../caller.ts'
import { digestBytes, openObjectBytes } from '../objects/read-object.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import { flagDamaged } from '../sealed/flag-damaged.ts'
import type { EvidenceDeps } from './deps.ts'
import { getAsset, requireStatus } from './find-asset.ts'
import { toAssetAnswer } from './view.ts'

/** What was found of a stored object: nothing to tell where it is what is recorded. Neither ids nor keys (C10). */
type Examined = { readonly diagnostics: readonly string[]; readonly stat: ObjectStat | null; readonly damage: ObjectDamaged | null }

/** SHA-256 of what the object holds, whatever its backend calls it by now; the damage where it does not open. */
async function digestOf(
  deps: EvidenceDeps,
  file: FileRow,
  given: { target: StorageTarget; signal: AbortSignal },
): Promise<string | ObjectDamaged> {
  try {
    using source = await openObjectBytes(deps.reader, { ...file, objectEtag: null }, given)
    return (await digestBytes(source, given)).sha256
  } catch (error) {
    if (error instanceof ObjectDamaged) return error
    throw error
  }
}

const bad = (diagnostic: string, damage: ObjectDamaged, stat: ObjectStat | null): Examined => ({ diagnostics: [diagnostic], stat, damage })

async function examine(deps: EvidenceDeps, file: FileRow, signal: AbortSignal): Promise<Examined> {
  await using lease = await deps.ingest.targets.lease(file.tenantId, file.targetId)
  const { target } = lease
  const stat = await target.stat(file.objectKey, { signal })
  if (stat === null) return bad('object_missing', new ObjectDamaged('The object is missing at its target', { missing: true }), stat)
  if (stat.size !== file.objectSize) {
    const message = `The object has ${stat.size} bytes; it was stored with ${file.objectSize}`
    return bad(`size_mismatch:${file.objectSize}:${stat.size}`, new ObjectDamaged(message), stat)
  }
  if (file.sha256 === null) return { diagnostics: ['checksum_missing'], stat, damage: null }
  const found = await digestOf(deps, file, { target, signal })
  if (found instanceof ObjectDamaged) return bad(found.missing ? 'object_missing' : 'checksum_mismatch', found, stat)
  if (found === file.sha256) return { diagnostics: [], stat, damage: null }
  return bad('checksum_mismatch', new ObjectDamaged('The SHA-256 of the object is not the recorded one'), stat)
}

async function note(tx: Tx, caller: Caller, given: { file: FileRow; found: Examined; at: number }): Promise<void> {
  const { file, found, at } = given
  const ok = found.diagnostics.length === 0
  if (ok && file.status === 'DAMAGED') {
    const seen = { objectEtag: found.stat?.etag ?? null, objectModifiedAt: found.stat?.modifiedAt ?? null }
    await tx.files.become(file, 'READY', { statusReason: null, ...seen })
  }
  if (ok) await tx.files.markVerified(file, at)
  const details = { name: file.name, sha256: file.sha256, diagnostics: [...found.diagnostics] }
  await tx.audit.append({ ...toldBy(caller), result: ok ? 'ok' : 'failed', fileId: file.id, action: 'EVIDENCE_VERIFIED', details })
}

/** At once in one process: each reads a whole object. */
const AT_ONCE = 4
const RETRY_AFTER_SECONDS = 2

export type VerifyAsset = (caller: Caller, request: { id: string; signal: AbortSignal }) => Promise<AssetVerification>

/**
 * Reads the stored object of an asset and compares it with what is recorded. One that is not what was verified is flagged, and nobody
 * links or downloads it any more; one that was flagged and is what was verified again counts again.
 */
export function verifyAsset(deps: EvidenceDeps): VerifyAsset {
  const { store, clock } = deps.ingest
  const run = async (caller: Caller, asset: AssetView, signal: AbortSignal): Promise<AssetVerification> => {
    const { file } = asset
    const found = await examine(deps, file, signal)
    const { actor, requestId } = caller
    if (found.damage && file.status === 'READY') await flagDamaged(store, file, { damage: found.damage, actor, requestId })
    await store.transaction((tx) => note(tx, caller, { file, found, at: clock.now() }))
    const now = await getAsset(store.read, caller, asset.id)
    return { asset: toAssetAnswer(now), ok: found.diagnostics.length === 0, diagnostics: [...found.diagnostics] }
  }
  let running = 0
  return async (caller, { id, signal }) => {
    const asset = await getAsset(store.read, caller, id)
    // A damaged or rejected one has its object still, and can be looked at.
    if (!['DAMAGED', 'REJECTED', 'SCANNING'].includes(asset.file.status)) requireStatus(asset, ['verified', 'archived'])
    if (running >= AT_ONCE) {
      throw new Problem('RATE_LIMIT_EXCEEDED', `The server verifies ${AT_ONCE} assets at once. Try again in a moment.`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    }
    running += 1
    try {
      return await run(caller, asset, signal)
    } finally {
      running -= 1
    }
  }
}
