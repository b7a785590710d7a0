import type { Actor } from '../../core/actor.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { Store } from '../../db/store.ts'
import type { ObjectDamaged } from './damage.ts'

/** Flags a READY file whose object is not what was sealed, with an audit entry. Once: a file that is flagged already stays as it is. */
export async function flagDamaged(
  store: Store,
  file: FileRow,
  found: { damage: ObjectDamaged; actor: Actor; requestId: string | null },
): Promise<void> {
  const { damage, actor, requestId } = found
  await store.transaction(async (tx) => {
    const flagged = await tx.files.become(file, 'DAMAGED', { statusReason: `${damage.message}.` })
    if (!flagged) return
    const { tenantId, caseId, itemId, id: fileId } = file
    await tx.audit.append({
      tenantId,
      actor,
      requestId,
      caseId,
      itemId,
      fileId,
      action: 'FILE_DAMAGED',
      result: 'failed',
      details: { name: file.name, reason: damage.message, offset: damage.offset },
    })
  })
}
