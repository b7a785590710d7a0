import { Problem } from '@holdfast/api'
import { driverPart, planOfUpload } from '../../core/upload-plan.ts'
import type { UploadView } from '../../db/uploads.ts'
import { type ObjectStat, type PartReceipt, StorageError, type StorageTarget } from '../../storage/target.ts'
import type { TargetLease } from '../../storage/target-pool.ts'
import type { IngestDeps } from './deps.ts'
import { driverWrite } from './driver-write.ts'
import { openCipher } from './session.ts'

/** Numbers of parts that a problem lists at most. */
export const MAX_LISTED = 1000

type Stored = { readonly writeId: string; readonly receipts: PartReceipt[] }

/**
 * An empty file has no parts. In the secure tier its one empty segment is sealed now; sealing it again makes another that is as good.
 * In the direct tier its object is empty, too.
 */
async function storeEmpty(deps: IngestDeps, upload: UploadView, target: StorageTarget): Promise<Stored> {
  const write = driverWrite(target, upload)
  await write.begin()
  try {
    await deps.store.transaction((tx) => write.keep(tx))
  } finally {
    await write.settle()
  }
  if (upload.tier === 'direct') return { writeId: write.id, receipts: [] }
  const cipher = await openCipher(deps.keys, upload, upload.header)
  const { storedLength } = driverPart(planOfUpload(upload), 1)
  const bytes = new Uint8Array(storedLength)
  bytes.set(cipher.header)
  cipher.sealSegmentInto(bytes.subarray(cipher.header.length), { index: 0, isLast: true }, [])
  try {
    const receipt = await target.writePart(upload.objectKey, write.id, { number: 1, offset: 0, bytes })
    await target.flushWrite(upload.objectKey, write.id)
    return { writeId: write.id, receipts: [receipt] }
  } catch (error) {
    if (!(error instanceof StorageError) || error.fault !== 'not-found') throw error
    // An earlier completion has committed it; the commit is repeatable and knows.
    return { writeId: write.id, receipts: [{ number: 1, size: storedLength, tag: null }] }
  }
}

async function storedParts(deps: IngestDeps, upload: UploadView, target: StorageTarget): Promise<Stored> {
  if (upload.partCount === 0) return storeEmpty(deps, upload, target)
  const parts = await deps.store.read.uploads.parts(upload.id)
  return { writeId: upload.writeId ?? '', receipts: parts.flatMap((part) => [...part.receipts]) }
}

/** With its target removed an upload cannot be completed, but it can be cancelled, or lapses. */
async function leaseOrReopen(deps: IngestDeps, upload: UploadView): Promise<TargetLease> {
  try {
    return await deps.targets.lease(upload.tenantId, upload.targetId)
  } catch (error) {
    if (error instanceof Problem && error.code === 'TARGET_REMOVED') await open(deps, upload, [])
    throw error
  }
}

/** Makes the object appear at its key, durably; answers how it looks there. A direct one takes nobody else's place. */
export async function commitObject(deps: IngestDeps, upload: UploadView, signal?: AbortSignal): Promise<ObjectStat> {
  await using lease = await leaseOrReopen(deps, upload)
  const { target } = lease
  const { writeId, receipts } = await storedParts(deps, upload, target)
  deps.points.reach('upload.complete.before-commit-write')
  try {
    const options = { ifAbsent: upload.tier === 'direct', ...(signal ? { signal } : {}) }
    const stat = await target.commitWrite(upload.objectKey, writeId, receipts, options)
    if (stat.size !== upload.objectSize) throw new StorageError('bad-part', `The object has ${stat.size} bytes, not ${upload.objectSize}`)
    deps.points.reach('upload.complete.after-commit-write')
    return stat
  } catch (error) {
    if (error instanceof StorageError) await reopen(deps, { upload, target }, error)
    throw error
  }
}

/** The upload takes parts again. Without the receipts of `forget`: those of all its parts, or of some. */
async function open(deps: IngestDeps, upload: UploadView, forget: 'all' | readonly number[]): Promise<void> {
  await deps.store.transaction(async (tx) => {
    if (!(await tx.uploads.move(upload, 'completing', 'open', deps.clock.now()))) return
    if (forget === 'all') await tx.uploads.deleteParts(upload.id)
    else for (const number of forget) await tx.uploads.deletePart({ uploadId: upload.id, number })
  })
}

const openedAgain = ['bad-part', 'not-found', 'exists']

/**
 * The target does not hold what the receipts say. 'bad-part': it says so itself, and the parts have to come again. 'not-found': the write is
 * gone, or its disk is not mounted, which looks the same; the receipts stay, since dropping them would lose parts that may still be there.
 * 'exists': somebody else has put an object under the key; all that was sent stays.
 */
async function reopen(deps: IngestDeps, at: { upload: UploadView; target: StorageTarget }, error: StorageError): Promise<void> {
  const { upload, target } = at
  if (!openedAgain.includes(error.fault)) return
  if (error.fault === 'bad-part' && upload.delivery === 'presigned') return reopenPresigned(deps, { upload, target, error })
  await open(deps, upload, error.fault === 'bad-part' ? 'all' : [])
  if (error.fault === 'bad-part') {
    throw new Problem('PARTS_MISSING', 'The storage target no longer holds what it acknowledged. Send the parts again.', { cause: error })
  }
  if (error.fault === 'exists') {
    const detail = `Somebody has put a file called “${upload.name}” into the same folder of the storage meanwhile. It stays as it is, and so do the parts that were sent: move that file away and complete again, or cancel the upload and begin anew.`
    throw new Problem('CONFLICT', detail, { cause: error })
  }
  throw new Problem(
    'TARGET_UNAVAILABLE',
    'The storage target does not find the parts of this upload. If its disk is not mounted, mount it and complete again; otherwise cancel the upload and start anew.',
    { cause: error },
  )
}

const unquoted = (tag: string | null): string => (tag ?? '').replace(/^"|"$/g, '')

/** Only the bucket knows what it has of parts that went straight to it: the receipts that it contradicts are dropped, the others stay. */
async function reopenPresigned(
  deps: IngestDeps,
  { upload, target, error }: { upload: UploadView; target: StorageTarget; error: StorageError },
): Promise<never> {
  const held = new Map((await target.presign?.listParts(upload.objectKey, upload.writeId ?? ''))?.map((part) => [part.number, part]))
  const parts = await deps.store.read.uploads.parts(upload.id)
  const bad = parts.filter(({ number, size, receipts }) => {
    const part = held.get(number)
    return part === undefined || part.size !== size || unquoted(part.tag) !== unquoted(receipts[0]?.tag ?? null)
  })
  const numbers = bad.map((part) => part.number)
  await open(deps, upload, numbers)
  const detail =
    numbers.length === 0
      ? 'The bucket refuses to put the parts together. Cancel the upload and begin anew.'
      : `The bucket does not have ${numbers.length} of ${upload.partCount} parts as they were reported. Send them again, then complete.`
  throw new Problem('PARTS_MISSING', detail, {
    cause: error,
    extra: { missingParts: numbers.slice(0, MAX_LISTED), missingCount: numbers.length },
  })
}
