import { Problem } from '@holdfast/api'
import { strongEtag } from '../../core/http-range.ts'
import { hasChanged } from '../../core/object-mark.ts'
import type { FileAtTarget } from '../../db/file-rows.ts'
import type { ObjectStat } from '../../storage/target.ts'
import type { TargetAccess } from '../target-access.ts'

const whatToDo = {
  direct: 'Put it back there, or run Sync to bring the list up to date.',
  other: 'Put its object back there from a backup, and reconcile the storage target again.',
}

/** The object of a file is not where it was. */
export const objectMissing = (file: FileAtTarget, cause?: unknown): Problem =>
  new Problem(
    'OBJECT_MISSING',
    `“${file.name}” is not on the storage “${file.targetName}” any more. ${whatToDo[file.tier === 'direct' ? 'direct' : 'other']}`,
    { cause },
  )

/** Throws FILE_NOT_READY where nothing is known of the digest, but for files that others put there (D12). */
export function requireKnownHash(file: FileAtTarget): void {
  if (file.discovered || file.sha256 !== null || file.declaredSha256 !== null) return
  throw new Problem('FILE_NOT_READY', 'No hash of this file is known yet. Calculate it first, then download.', {
    extra: { fileStatus: file.status, hashState: file.hashState },
  })
}

/** What stands for the content: its digest, as long as the object is the one that was read, else how the object looks. */
function etagOf(file: FileAtTarget, stat: ObjectStat): string {
  const known = { size: file.objectSize, etag: file.objectEtag, modifiedAt: file.objectModifiedAt }
  if (file.sha256 !== null && file.hashState === 'computed' && !hasChanged(known, stat)) return strongEtag(file.sha256)
  return strongEtag(Buffer.from(`${stat.etag ?? ''}.${stat.modifiedAt}.${stat.size}`).toString('base64url'))
}

/** The entity tag of a direct file, from a look at its object. OBJECT_MISSING where that is gone; CONFLICT where its size is another. */
export async function lookUpDirect(targets: TargetAccess, file: FileAtTarget): Promise<string> {
  await using lease = await targets.lease(file.tenantId, file.targetId)
  const stat = await lease.target.stat(file.objectKey)
  if (!stat) throw objectMissing(file)
  if (stat.size === file.size) return etagOf(file, stat)
  throw new Problem(
    'CONFLICT',
    `“${file.name}” was changed on the storage: it has ${stat.size} bytes now instead of ${file.size}. Run Sync, then try again.`,
  )
}
