import { systemActor } from '../core/actor.ts'
import { type Clock, toIso } from '../core/clock.ts'
import type { CrashPoints } from '../core/crash-point.ts'
import { hasObject } from '../core/file-states.ts'
import type { FileRow } from '../db/file-rows.ts'
import type { Store, Tx } from '../db/store.ts'
import { bucketUrlExpiry } from './ingest/abort.ts'
import { purgeObjectJob } from './ingest/job-kinds.ts'
import { giveUpSync } from './moves/staging.ts'
import { webhookEvents } from './webhooks/events.ts'

/** Deletes files whose retention lets go of them. */
export const EXPIRE_FILES = 'expire-files'

export type ExpiryDeps = { readonly store: Store; readonly clock: Clock; readonly points: CrashPoints }
export type ExpiryOptions = { readonly signal: AbortSignal; readonly progress: (done: { expired: number }) => Promise<void> }

/** Files deleted by one transaction (O8). */
const AT_ONCE = 100

/** Where a file that is gone had its bytes, and how many. */
type Freed = Map<string, number>

async function bury(tx: Tx, file: FileRow, to: { at: number; freed: Freed }): Promise<boolean> {
  const { at, freed } = to
  if (!(await tx.files.become(file, 'DELETED', { deletedAt: at, wrappedKey: null }))) return false
  await giveUpSync(tx, file)
  if (hasObject(file.status)) freed.set(file.targetId, (freed.get(file.targetId) ?? 0) + file.objectSize)
  const { tenantId, id: fileId, name, objectClass, ownerType: ownerEntityType, ownerId: ownerEntityId, retention } = file
  if (file.purgedAt === null) {
    const upload = await tx.uploads.findOfFile(tenantId, fileId)
    await tx.jobs.enqueue(purgeObjectJob({ tenantId, fileId, urlExpiresAt: bucketUrlExpiry(upload) }))
  }
  const details = { name, objectClass, ownerEntityType, ownerEntityId, retention, expiredAt: toIso(file.expiresAt ?? at) }
  const by = { tenantId, actor: systemActor, requestId: null, caseId: file.caseId, itemId: file.itemId, fileId }
  await tx.audit.append({ ...by, action: 'OBJECT_EXPIRED', result: 'ok', details })
  await webhookEvents(tx, { type: 'upload.expired', file: { ...file, status: 'DELETED', isCurrent: false }, at })
  return true
}

/** Deletes those of `page` that are still there, still expired and held by nobody; answers how many. */
async function buryPage(deps: ExpiryDeps, page: readonly FileRow[]): Promise<number> {
  const at = deps.clock.now()
  const count = await deps.store.transaction(async (tx) => {
    const freed: Freed = new Map()
    let buried = 0
    for (const file of await tx.files.stillExpired(page, at)) if (await bury(tx, file, { at, freed })) buried += 1
    for (const [targetId, bytes] of freed) await tx.targets.free(targetId, bytes)
    deps.points.reach('expiry.before-commit')
    return buried
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
    const page: FileRow[] = await deps.store.read.files.pageExpired(now, after, AT_ONCE)
    const last = page.at(-1)
    if (!last) return expired
    expired += await buryPage(deps, page)
    after = { expiresAt: last.expiresAt ?? now, id: last.id }
    await options.progress({ expired })
  }
}
