import type { HashState } from '@holdfast/api'
import { newId } from '../../../core/ids.ts'
import { hasChanged } from '../../../core/object-mark.ts'
import type { Tx } from '../../../db/store.ts'
import type { ComparedObject, FoundObject, KnownFile } from '../../../db/sync-objects.ts'
import type { ObjectStat } from '../../../storage/target.ts'
import { someAtOnce } from '../../some-at-once.ts'
import { type SyncRun, step } from './deps.ts'
import { copyReport, note, type SyncReport } from './report.ts'

/** Objects that are compared, and changed, with one commit. */
const AT_ONCE = 1000

type Judged =
  | { readonly is: 'unknown' | 'unchanged'; readonly object: FoundObject }
  | { readonly is: 'skipped'; readonly object: FoundObject; readonly fileId: string | null; readonly reason: string }
  | { readonly is: 'changed'; readonly object: FoundObject; readonly file: KnownFile; readonly stat: ObjectStat }

const reasons = {
  moving: 'It is being moved between storage targets.',
  coming: 'An upload of this name is under way, or it is still being proven.',
  going: 'It is being removed.',
  unsteady: 'It is just being changed.',
}

/** A listing may tell less than the object itself does, so what looks changed is asked for once more before it counts. */
function judge({ target, options }: SyncRun, { object, file, moving }: ComparedObject): Judged | Promise<Judged> {
  if (!file) return moving ? { is: 'skipped', object, fileId: null, reason: reasons.moving } : { is: 'unknown', object }
  const fileId = file.id
  if (['DELETED', 'FAILED', 'REJECTED'].includes(file.status)) return { is: 'skipped', object, fileId, reason: reasons.going }
  if (file.status !== 'READY' && file.status !== 'DAMAGED') return { is: 'skipped', object, fileId, reason: reasons.coming }
  if (file.missingAt === null && !hasChanged(file.mark, object)) return { is: 'unchanged', object }
  return target.stat(object.key, { signal: options.signal }).then((stat): Judged => {
    if (!stat) return { is: 'skipped', object, fileId, reason: reasons.unsteady }
    return file.missingAt !== null || hasChanged(file.mark, stat) ? { is: 'changed', object, file, stat } : { is: 'unchanged', object }
  })
}

/** What is known of a digest once its object has changed. A mismatch stays one: nothing has shown that it is over. */
const afterChange = (state: HashState): HashState => (state === 'computed' || state === 'declared' ? 'stale' : state)

function reasonOf(file: KnownFile, stat: ObjectStat): string {
  if (!hasChanged(file.mark, stat)) return 'It is back.'
  return file.mark.size === stat.size
    ? 'Its content or its time changed.'
    : `Its size changed from ${file.mark.size} to ${stat.size} bytes.`
}

/** Notes the change of one file; false where the file is another by now. */
async function applyChange(tx: Tx, run: SyncRun, judged: Judged & { is: 'changed' }): Promise<boolean> {
  const { place, row } = run
  const { file, stat } = judged
  const changed = hasChanged(file.mark, stat)
  const hashState = changed ? afterChange(file.hashState) : file.hashState
  const seen = { size: stat.size, etag: stat.etag, modifiedAt: Math.floor(stat.modifiedAt), hashState, missingAt: null }
  const { tenantId, caseId, itemId, targetId } = place
  if (!(await tx.syncObjects.noteObject({ tenantId, id: file.id, version: file.version }, seen))) return false
  await tx.targets.settle(targetId, { reservedBytes: 0, usedBytes: stat.size - file.mark.size })
  if (hashState === file.hashState) return true
  const told = { ...row.report.by, tenantId, caseId, itemId, fileId: file.id, result: 'ok' as const }
  const details = { name: file.name, sha256: file.sha256, reason: reasonOf(file, stat), size: stat.size, previousSize: file.mark.size }
  await tx.audit.append({ ...told, action: 'SHA256_INVALIDATED', details: { ...details, syncId: row.id } })
  return true
}

type Page = { readonly after: string; readonly upto: string; readonly judged: readonly Judged[] }

async function applyUnknown(tx: Tx, run: SyncRun, report: SyncReport, page: Page): Promise<void> {
  const unknown = page.judged.filter((one) => one.is === 'unknown')
  if (run.row.mode === 'preview') {
    for (const { object } of unknown) note(report.added, { name: object.name, bytes: object.size })
    return
  }
  if (unknown.length === 0) return
  const free = await tx.syncObjects.unknownKeys(run.place, page)
  // Ids grow with time, so rows that are made in order of key stay close together in every index.
  const added = unknown.filter(({ object }) => free.has(object.key)).map(({ object }) => ({ ...object, id: newId() }))
  await tx.syncObjects.discover(run.place, added, run.deps.clock.now())
  await tx.targets.settle(run.place.targetId, { reservedBytes: 0, usedBytes: added.reduce((sum, file) => sum + file.size, 0) })
  for (const { id, name, size } of added) note(report.added, { name, bytes: size, fileId: id })
  for (const { object } of unknown) {
    if (!free.has(object.key)) note(report.skipped, { name: object.name, bytes: object.size, reason: reasons.coming })
  }
}

async function applyOthers(tx: Tx, run: SyncRun, report: SyncReport, page: Page): Promise<void> {
  for (const one of page.judged) {
    const { name, size: bytes } = one.object
    if (one.is === 'unchanged') report.unchanged += 1
    if (one.is === 'skipped') note(report.skipped, { name, bytes, fileId: one.fileId, reason: one.reason })
    if (one.is !== 'changed') continue
    const { id: fileId } = one.file
    const done = run.row.mode === 'preview' || (await applyChange(tx, run, one))
    if (done) note(report.changed, { name: one.file.name, bytes: one.stat.size, fileId, reason: reasonOf(one.file, one.stat) })
    else note(report.skipped, { name: one.file.name, bytes, fileId, reason: reasons.unsteady })
  }
}

/** Pages without a change that are told of with one commit. */
const QUIET_PAGES = 10

/** Compares what was listed with the files, a page at a time, and in `apply` adds the unknown and notes the changed ones. */
export async function compareScope(run: SyncRun): Promise<void> {
  const { deps, place, options } = run
  for (let quiet = 0; ; ) {
    options.signal.throwIfAborted()
    const after = run.report.phase === 'comparing' ? run.report.after : ''
    const compared = await deps.store.read.syncObjects.page(place, after, AT_ONCE)
    const upto = compared.at(-1)?.object.key
    if (upto === undefined) return
    const page: Page = { after, upto, judged: await someAtOnce(compared, (one) => judge(run, one)) }
    quiet = page.judged.every((one) => one.is === 'unchanged') ? quiet + 1 : 0
    if (quiet % QUIET_PAGES > 0) {
      run.report = { ...run.report, phase: 'comparing', after: upto, unchanged: run.report.unchanged + compared.length }
      continue
    }
    await step(run, async (tx, before) => {
      const report = copyReport(before)
      await applyUnknown(tx, run, report, page)
      await applyOthers(tx, run, report, page)
      return { ...report, phase: 'comparing', after: upto }
    })
    await options.progress({ listed: run.report.listed })
  }
}
