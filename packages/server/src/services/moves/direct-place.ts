import { hasObject } from '../../core/file-states.ts'
import { isDirectKey } from '../../core/object-keys.ts'
import type { FileRow, SeenObject } from '../../db/file-rows.ts'
import type { MoveRow } from '../../db/moves.ts'
import type { Tx } from '../../db/store.ts'
import { StorageError, type StorageTarget } from '../../storage/target.ts'
import type { Copy } from './copy-object.ts'
import type { MoveDeps } from './deps.ts'

// Direct files lie under their own names, where others write, too: a move has to find its place free and touches nothing but its own copy.

/** Why a file that is not sealed may not lie at this target, or null. Sealed files fit everywhere. */
function plainRefusal(file: Pick<FileRow, 'container' | 'tier'> | null, to: StorageTarget): string | null {
  if (file === null || file.container !== null) return null
  if (to.kind === 'local') return 'The file is not sealed and would lie in plain on the disk of this server'
  // An app's object is handed out by the bucket itself, which only another bucket can do.
  if (file.tier === 'object' && to.presign === null) return 'The object is not sealed: it can only be moved to another bucket'
  return null
}

/** Throws 'denied' where plain files do not belong at the new target, 'exists' where the name of a direct file is taken there. */
export async function requireFreePlace(deps: MoveDeps, move: MoveRow, to: StorageTarget): Promise<void> {
  const refusal = plainRefusal(await deps.store.read.files.findAny(move.tenantId, move.fileId), to)
  if (refusal !== null) throw new StorageError('denied', refusal)
  if (!isDirectKey(move.objectKey)) return
  const holder = await deps.store.read.files.findHolder(move.toTargetId, move.objectKey)
  if (holder !== null && holder.id !== move.fileId) throw nameTaken()
  if (!move.committing && (await to.stat(move.objectKey, { occupant: true })) !== null) throw nameTaken()
}

export const nameTaken = (): StorageError =>
  new StorageError(
    'exists',
    'Another file of this name lies in the same folder at the new target. It stays as it is; rename it there and try again',
  )

/** Whether what lies under the key at the target is what the move has left there, and nobody else's. */
export async function isOwnLeftover(deps: MoveDeps, move: MoveRow, targetId: string): Promise<boolean> {
  if (!isDirectKey(move.objectKey)) return true
  if (move.status !== 'moved' && !move.committing) return false
  const holder = await deps.store.read.files.findHolder(targetId, move.objectKey)
  return holder === null || !hasObject(holder.status)
}

/** How a direct object looks where it is now, and what of its digest the copying has shown: the copy was read whole. */
export function seenAfterMove(file: FileRow, { sha256, stat }: Copy): SeenObject {
  const seen = { objectEtag: stat.etag, objectModifiedAt: stat.modifiedAt, atRest: stat.atRest ?? null }
  if (file.tier !== 'direct') return { atRest: seen.atRest }
  if (file.hashState !== 'computed' || file.sha256 === null || file.sha256 === sha256) return seen
  return { ...seen, hashState: 'mismatch', diskSha256: sha256 }
}

/** Tells that the bytes that were moved are not those whose digest was known. For the transaction that switches. */
export async function tellMismatch(
  tx: Tx,
  file: FileRow,
  about: Pick<Parameters<Tx['audit']['append']>[0], 'tenantId' | 'actor' | 'requestId' | 'caseId' | 'itemId' | 'fileId'> & {
    seen: SeenObject
  },
): Promise<void> {
  const { seen, ...told } = about
  if (seen.hashState !== 'mismatch') return
  const details = { name: file.name, sha256: file.sha256, diskSha256: seen.diskSha256 ?? null, size: file.size }
  await tx.audit.append({ ...told, action: 'DIRECT_HASH_DISK_MISMATCH', result: 'failed', details })
}
