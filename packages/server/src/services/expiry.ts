import { systemActor } from '../core/actor.ts'
import type { NewAuditEntry } from '../core/audit-entry.ts'
import { type Clock, toIso } from '../core/clock.ts'
import type { CrashPoints } from '../core/crash-point.ts'
import { hasObject } from '../core/file-states.ts'
import type { FileRow } from '../db/file-rows.ts'
import type { Store, Tx } from '../db/store.ts'
import { purgeObjectJob } from './ingest/job-kinds.ts'
import { giveUpSync } from './moves/staging.ts'
import { tellEndpoints } from './webhooks/events.ts'

/** Deletes files whose retention lets go of them. */
export const EXPIRE_FILES = 'expire-files'

export type ExpiryDeps = { readonly store: Store; readonly clock: Clock; readonly points: CrashPoints }
export type ExpiryOptions = { readonly signal: AbortSignal; readonly progress: (done: { expired: number }) => Promise<void> }

/** Files deleted by one transaction (O8). */
const AT_ONCE = 100

/** The entry that tells of it. */
function expired(file: FileRow, at: number): NewAuditEntry {
  const { tenantId, id: fileId, name, objectClass, ownerType: ownerEntityType, ownerId: ownerEntityId, retention } = file
  const details = { name, objectClass, ownerEntityType, ownerEntityId, retention, expiredAt: toIso(file.expiresAt ?? at) }
  const by = { tenantId, actor: systemActor, requestId: null, caseId: file.caseId, itemId: file.itemId, fileId }
  return { ...by, action: 'OBJECT_EXPIRED', result: 'ok', details }
}

/** What goes with `files`, which are tombstones by now: their bytes, the jobs that remove their objects, entries and webhooks. */
async function letGo(tx: Tx, files: readonly FileRow[], at: number): Promise<void> {
  for (const file of files) if (file.syncTargetId !== null) await giveUpSync(tx, file)
  const freed = new Map<string, number>()
  for (const { status, targetId, objectSize } of files) {
    if (hasObject(status)) freed.set(targetId, (freed.get(targetId) ?? 0) + objectSize)
  }
  for (const [targetId, bytes] of freed) await tx.targets.free(targetId, bytes)
  for (const [tenantId, own] of Map.groupBy(files, (file) => file.tenantId)) {
    const purged = own.filter(({ purgedAt }) => purgedAt === null).map(({ id }) => id)
    const urls = await tx.expiredFiles.urlsGranted(tenantId, purged)
    await tx.jobs.enqueueAll(purged.map((fileId) => purgeObjectJob({ tenantId, fileId, urlExpiresAt: urls.get(fileId) ?? null })))
    const endpoints = await tx.webhookEndpoints.wanting(tenantId, 'upload.expired')
    for (const file of own) {
      await tellEndpoints(tx, endpoints, { type: 'upload.expired', file: { ...file, status: 'DELETED', isCurrent: false }, at })
    }
  }
  await tx.audit.appendAll(files.map((file) => expired(file, at)))
}

/** Deletes those of `page` that are still there, still expired and held by nobody; answers how many. */
async function buryPage(deps: ExpiryDeps, page: readonly FileRow[]): Promise<number> {
  const at = deps.clock.now()
  const count = await deps.store.transaction(async (tx) => {
    const still = await tx.expiredFiles.still(page, at)
    const buried = await tx.expiredFiles.bury(still, at)
    await letGo(
      tx,
      still.filter(({ id }) => buried.has(id)),
      at,
    )
    deps.points.reach('expiry.before-commit')
    return buried.size
  })
  deps.points.reach('expiry.after-commit')
  return count
}

/**
 * Deletes every file that has expired, a hundred a transaction: each with its audit entry, its freed bytes, the job that removes its object
 * and its webhook, or not at all. Passes over what a legal hold covers and over uploads under way, which lapse by themselves. Repeatable,
 * from several instances at once, in constant memory. Answers how many it deleted.
 */
export async function expireFiles(deps: ExpiryDeps, options: ExpiryOptions): Promise<number> {
  const now = deps.clock.now()
  let expired = 0
  for (let after: { expiresAt: number; id: string } | null = null; ; ) {
    options.signal.throwIfAborted()
    const page: FileRow[] = await deps.store.read.expiredFiles.page(now, after, AT_ONCE)
    const last = page.at(-1)
    if (!last) return expired
    expired += await buryPage(deps, page)
    after = { expiresAt: last.expiresAt ?? now, id: last.id }
    await options.progress({ expired })
  }
}
