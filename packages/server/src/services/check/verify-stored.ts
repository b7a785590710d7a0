import { hasObject } from '../../core/file-states.ts'
import type { FileRow } from '../../db/file-rows.ts'
import { StorageError, type StorageTarget } from '../../storage/target.ts'
import { pages } from '../pages.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import { readDigest } from './check-files.ts'
import type { CheckDeps } from './check-store.ts'
import type { Throttle } from './throttle.ts'

/**
 * proven: every byte was read, its tags hold, and its SHA-256 is the recorded one · unrecorded: read whole, and there is no computed digest
 * to compare with · damaged: not what was stored, or gone · unread: the target could not be asked, so nothing is known.
 */
export type StoredOutcome = 'proven' | 'unrecorded' | 'damaged' | 'unread'

/** What was found of one file. Holds ids for operators, neither names nor keys. */
export type StoredVerdict = {
  readonly fileId: string
  readonly tenantId: string
  readonly targetId: string
  readonly tier: FileRow['tier']
  readonly size: number
  readonly outcome: StoredOutcome
  readonly sha256: string | null
  readonly detail: string | null
}

export type VerifyStoredOptions = {
  /** Goes on after this file; empty: from the first. */
  readonly after: string
  readonly throttle: Throttle
  readonly signal: AbortSignal
}

type Deps = Omit<CheckDeps, 'verifyAudit'>
const PAGE = 200

/**
 * Reads every stored file of every target whole, of all tenants, in the order of their ids, and tells what it found (X9). Constant memory;
 * changes nothing, and may run beside a server. Files whose target was removed are left out: nobody can ask it.
 */
export async function* verifyStored(deps: Deps, options: VerifyStoredOptions): AsyncGenerator<StoredVerdict> {
  for await (const file of pages((after) => deps.store.read.files.pageOfAll(after, PAGE), options.after)) {
    const verdict = await verifyOne(deps, file, options)
    if (verdict) yield verdict
  }
}

/** The rate counts what comes out of the reading, which is as good as what goes in. */
function throttled({ throttle, signal }: VerifyStoredOptions): (done: { bytes: number }) => Promise<void> {
  let before = 0
  return async ({ bytes }) => {
    await throttle(bytes - before, signal)
    before = bytes
  }
}

/** A direct object may have grown, which the digest of its first bytes does not show. */
async function requireSize(file: FileRow, target: StorageTarget, signal: AbortSignal): Promise<void> {
  const stat = await target.stat(file.objectKey, { signal })
  if (!stat) throw new ObjectDamaged('there is no object', { missing: true })
  if (stat.size !== file.objectSize) throw new ObjectDamaged(`the object has ${stat.size} bytes, not ${file.objectSize}`)
}

const isStored = (file: FileRow | null): file is FileRow => file !== null && file.deletedAt === null && hasObject(file.status)

async function verifyOne(deps: Deps, file: FileRow, options: VerifyStoredOptions): Promise<StoredVerdict | null> {
  const { signal } = options
  signal.throwIfAborted()
  const { id: fileId, tenantId, targetId, tier, size } = file
  const row = await deps.store.read.targets.find(tenantId, targetId)
  if (!isStored(file) || row?.removedAt !== null) return null
  const about = { fileId, tenantId, targetId, tier, size }
  let isOpen = false
  try {
    await using lease = await deps.targets.lease(tenantId, targetId)
    isOpen = true
    const { target } = lease
    if (tier === 'direct') await requireSize(file, target, signal)
    const sha256 = await readDigest(deps, file, { target, signal, progress: throttled(options) })
    if (file.sha256 === null || file.hashState !== 'computed') return { ...about, outcome: 'unrecorded', sha256, detail: null }
    if (sha256 === file.sha256) return { ...about, outcome: 'proven', sha256, detail: null }
    return { ...about, outcome: 'damaged', sha256, detail: `SHA-256 is ${sha256}, not ${file.sha256}` }
  } catch (error) {
    signal.throwIfAborted()
    if (!isStored(await deps.store.read.files.findAny(tenantId, fileId))) return null
    const outcome = isOpen && !(error instanceof StorageError) ? 'damaged' : 'unread'
    return { ...about, outcome, sha256: null, detail: error instanceof Error ? error.message : 'unknown' }
  }
}
