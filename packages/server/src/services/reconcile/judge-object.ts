import { UPLOAD_IDLE_SECONDS } from '@holdfast/api'
import { findOwnKey, type OwnKey } from '../../core/own-keys.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { ObjectStat } from '../../storage/target.ts'
import { isKnownObject } from '../known-objects.ts'
import { storageWords } from '../storage-words.ts'
import type { ReconcileDeps, ReconcileRun } from './deps.ts'

/** An object this young may be of an upload, or of a URL, that is still in use. */
const GRACE_MILLISECONDS = UPLOAD_IDLE_SECONDS * 1000

export type Judgement = {
  readonly kind: 'leftover' | 'unrecorded' | 'unclear'
  readonly fileId: string | null
  readonly fileName: string | null
  readonly reason: string
  /** How the object looks now. */
  readonly stat: ObjectStat
}

const words = {
  foreign: 'Its name is none that Holdfast gives. Others may have put it there.',
  young: 'It is younger than a day: an upload may still be bringing it.',
  held: 'A legal hold covers its file or its owner.',
  unsettled: 'Its file is not settled yet.',
  deleted: 'Its file was deleted, and the object was stored or came back after that.',
  elsewhere: 'Its file has its object elsewhere by now, and this one was left behind.',
  lost: 'Its file has its object elsewhere, and that one could not be seen whole: this may be the only good copy.',
  unrecorded: 'No record of this server names it.',
}

/** Whether the object that a file has now is there, with its size: before another copy of it counts as too many. */
async function isWhole(deps: ReconcileDeps, file: FileRow, signal: AbortSignal): Promise<boolean> {
  if (file.status !== 'READY' || file.missingAt !== null) return false
  try {
    await using lease = await deps.targets.lease(file.tenantId, file.targetId)
    return (await lease.target.stat(file.objectKey, { signal }))?.size === file.objectSize
  } catch (error) {
    signal.throwIfAborted()
    if (storageWords(error) === null) throw error
    return false
  }
}

type Verdict = Pick<Judgement, 'kind' | 'reason'>
const unclear = (reason: string): Verdict => ({ kind: 'unclear', reason })

async function judgeOwn({ deps, row, options }: ReconcileRun, own: OwnKey, file: FileRow | null): Promise<Verdict> {
  const place = file ?? { tenantId: row.tenantId, id: own.id, caseId: null, ownerType: own.ownerType, ownerId: own.ownerId }
  if ((await deps.store.read.holds.idsOn(place)).length > 0) return unclear(words.held)
  if (!file) return { kind: 'unrecorded', reason: words.unrecorded }
  const isGone = (file.status === 'DELETED' || file.status === 'FAILED') && file.purgedAt !== null
  if (isGone) return { kind: 'leftover', reason: words.deleted }
  if (file.status !== 'READY' && file.status !== 'DAMAGED') return unclear(words.unsettled)
  return (await isWhole(deps, file, options.signal)) ? { kind: 'leftover', reason: words.elsewhere } : unclear(words.lost)
}

/**
 * Judges an object by the rows and by a look at it: null where a row accounts for it, or it is gone. Only what its key, its id and its age
 * show to be surely ours, and of no file and under no hold, is `leftover` or `unrecorded`; an id that no row has may also be of a
 * database that was put back to an earlier state, which is why it is a kind of its own.
 */
export async function judgeObject(run: ReconcileRun, key: string): Promise<Judgement | null> {
  const { deps, row, target, options } = run
  if (await isKnownObject(deps, row, key)) return null
  const stat = await target.stat(key, { signal: options.signal })
  if (!stat) return null
  const own = findOwnKey(row.tenantId, key)
  if (!own) return { ...unclear(words.foreign), fileId: null, fileName: null, stat }
  const file = await deps.store.read.files.findAny(row.tenantId, own.id)
  const about = { fileId: file?.id ?? null, fileName: file?.name ?? null, stat }
  if (stat.modifiedAt > deps.clock.now() - GRACE_MILLISECONDS) return { ...unclear(words.young), ...about }
  return { ...(await judgeOwn(run, own, file)), ...about }
}
