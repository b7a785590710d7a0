import { hasObject } from '../../core/file-states.ts'
import { secureKey } from '../../core/object-keys.ts'
import type { FileRow } from '../../db/file-rows.ts'
import { StorageError, type StorageTarget } from '../../storage/target.ts'
import { hashObject } from '../direct/hash-object.ts'
import { purgeKey, verifyKey } from '../ingest/job-kinds.ts'
import { scanKey } from '../objects/job-kinds.ts'
import { digestBytes, openObjectBytes } from '../objects/read-object.ts'
import { ObjectDamaged } from '../sealed/damage.ts'
import { openSealedObject } from '../sealed/sealed-object.ts'
import { digestSealed } from '../verify.ts'
import type { CheckDeps, CheckOptions } from './check-store.ts'
import type { CheckNotes } from './report.ts'

/** Looks at one file against its object, its job and, with `full`, its bytes. */
export async function checkFile(deps: CheckDeps, file: FileRow, options: CheckOptions & { notes: CheckNotes }): Promise<void> {
  if (file.status === 'DELETED' || file.status === 'FAILED') return checkGone(deps, file, options.notes)
  if (file.deletedAt !== null || !hasObject(file.status)) return
  const { notes } = options
  const row = await deps.store.read.targets.find(file.tenantId, file.targetId)
  // An orphan: its target was removed on purpose, with the rows kept (T9).
  if (row?.removedAt !== null) return
  notes.counts.files += 1
  notes.counts.bytes += file.size
  const fault = findRowFault(file)
  if (fault !== null) notes.find('file-row', file.id, fault)
  if (file.status === 'SCANNING') await checkScanning(deps, file, notes)
  if (file.status === 'DAMAGED') notes.find('file-flagged', file.id, file.statusReason ?? 'flagged as damaged')
  // Known to be gone, and kept visible by a hold.
  else if (file.missingAt === null) await checkObject(deps, file, options)
}

/** What is wrong with the row itself, which no byte of its object can show; null where nothing is. */
function findRowFault({ tier, status, sha256, objectKey, tenantId, caseId, id: fileId }: FileRow): string | null {
  if (tier !== 'direct' && status === 'READY' && sha256 === null) return 'READY without the SHA-256 that was computed'
  if (tier !== 'secure') return null
  return caseId !== null && objectKey === secureKey({ tenantId, caseId, fileId }) ? null : 'its key is not the one of its case'
}

async function checkScanning(deps: CheckDeps, file: FileRow, notes: CheckNotes): Promise<void> {
  if (await deps.store.read.jobs.isActive(file.tier === 'object' ? scanKey(file.id) : verifyKey(file.id))) return
  const now = await deps.store.read.files.findAny(file.tenantId, file.id)
  if (now?.status === 'SCANNING') notes.find('job-lost', file.id, 'SCANNING without a verification that is queued or running')
}

/** The object of a file that is gone is either seen to be gone or on its way out. */
async function checkGone(deps: CheckDeps, file: FileRow, notes: CheckNotes): Promise<void> {
  if (file.status === 'FAILED' && (await deps.store.read.holds.idsOn(file)).length > 0) return
  if (file.purgedAt !== null || (await deps.store.read.jobs.isActive(purgeKey(file.id)))) return
  const row = await deps.store.read.targets.find(file.tenantId, file.targetId)
  const now = await deps.store.read.files.findAny(file.tenantId, file.id)
  if (row?.removedAt === null && now?.purgedAt === null) notes.find('job-lost', file.id, 'its object is to be removed, and no job does it')
}

/** The bytes of a direct file, where their digest is known and nothing has been found to have changed since. */
async function checkDirect(deps: CheckDeps, file: FileRow, at: CheckOptions & { notes: CheckNotes; target: StorageTarget }): Promise<void> {
  const { target, notes, signal } = at
  const stat = await target.stat(file.objectKey, { signal })
  if (!stat) throw new ObjectDamaged('there is no object', { missing: true })
  if (stat.size !== file.objectSize) throw new ObjectDamaged(`the object has ${stat.size} bytes, not ${file.objectSize}`)
  if (file.hashState !== 'computed' || file.sha256 === null) return
  const sha256 = await readDigest(deps, file, { target, signal, progress: async () => {} })
  notes.counts.opened += 1
  if (file.sha256 !== sha256) notes.find('file-opens', file.id, `SHA-256 is ${sha256}, not ${file.sha256}`)
}

type Reading = {
  readonly target: StorageTarget
  readonly signal: AbortSignal
  readonly progress: (done: { bytes: number; size: number }) => Promise<void>
}

/** SHA-256 of what the object holds, as its sender sent it. Of a direct file the first `objectSize` bytes. */
export async function readDigest(
  deps: Pick<CheckDeps, 'keys' | 'memory' | 'ends' | 'digests'>,
  file: FileRow,
  reading: Reading,
): Promise<string> {
  const { target, signal, progress } = reading
  if (file.tier === 'direct') return hashObject(deps, { target, key: file.objectKey, size: file.objectSize }, { signal, progress })
  if (file.tier === 'object') {
    using source = await openObjectBytes(deps, file, reading)
    return (await digestBytes(source, reading)).sha256
  }
  const sealed = await openSealedObject(deps, file, { ...reading, fresh: true })
  return await digestSealed(deps, sealed, { signal, progress })
}

async function checkObject(deps: CheckDeps, file: FileRow, options: CheckOptions & { notes: CheckNotes }): Promise<void> {
  const { notes, signal } = options
  let isOpen = false
  try {
    await using lease = await deps.targets.lease(file.tenantId, file.targetId)
    isOpen = true
    if (!options.full) {
      const stat = await lease.target.stat(file.objectKey, { signal })
      if (stat?.size === file.objectSize) return
      throw new ObjectDamaged(stat ? `the object has ${stat.size} bytes, not ${file.objectSize}` : 'there is no object')
    }
    if (file.tier === 'direct') return await checkDirect(deps, file, { ...options, target: lease.target })
    const sha256 = await readDigest(deps, file, { target: lease.target, signal, progress: async () => {} })
    notes.counts.opened += 1
    if (file.sha256 !== null && file.sha256 !== sha256) notes.find('file-opens', file.id, `SHA-256 is ${sha256}, not ${file.sha256}`)
  } catch (error) {
    signal.throwIfAborted()
    const now = await deps.store.read.files.findAny(file.tenantId, file.id)
    if (now === null || !hasObject(now.status)) return
    const isAway = !isOpen || error instanceof StorageError
    const isObject = error instanceof ObjectDamaged && (error.missing || !options.full)
    // A key that was destroyed, changed or exchanged leaves the object as unreadable as a changed object does.
    notes.find(isObject ? 'file-object' : isAway ? 'target' : 'file-opens', file.id, error instanceof Error ? error.message : 'unknown')
  }
}
