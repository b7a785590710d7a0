import type { FileRow } from '../../db/file-rows.ts'
import type { CheckDeps } from './check-store.ts'
import type { CheckNotes } from './report.ts'

/** An object that counts is READY, and the only one of its owner where its class is replaced (O9). */
export async function checkCurrent(deps: CheckDeps, file: FileRow, notes: CheckNotes): Promise<void> {
  const { tenantId, ownerType, ownerId, objectClass } = file
  if (file.tier !== 'object' || !file.isCurrent || file.deletedAt !== null || ownerType === null || ownerId === null) return
  if (file.status !== 'READY' && file.status !== 'DAMAGED') notes.find('object-current', file.id, `it is current and ${file.status}`)
  if (!file.replaceable || objectClass === null) return
  const current = await deps.store.read.objects.current({ tenantId, ownerType, ownerId, objectClass })
  if (current.some(({ id }) => id === file.id) && current.length > 1) {
    notes.find('object-current', file.id, `${current.length} objects of its owner and class are current`)
  }
}
