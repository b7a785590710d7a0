import type { Tx } from '../../db/store.ts'
import { syncFileJob } from './job-kinds.ts'

type Staged = { readonly tenantId: string; readonly id: string; readonly syncTargetId: string | null }

/** A file that is proven where it was staged goes on to its target. For the transaction that makes it READY. */
export async function beginSync(tx: Tx, file: Staged): Promise<void> {
  if (file.syncTargetId !== null) await tx.jobs.enqueue(syncFileJob({ tenantId: file.tenantId, fileId: file.id }))
}

/** A file that is deleted or failed before it reached its target gives back what was reserved for it there. For that transaction. */
export async function giveUpSync(tx: Tx, file: { readonly tenantId: string; readonly id: string }): Promise<void> {
  const reserved = await tx.files.giveUpSync(file)
  if (reserved) await tx.targets.release(reserved.targetId, reserved.bytes)
}
