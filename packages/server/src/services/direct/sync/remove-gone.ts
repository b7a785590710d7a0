import type { FileRow } from '../../../db/file-rows.ts'
import type { Tx } from '../../../db/store.ts'
import type { ScopeFile } from '../../../db/sync-objects.ts'
import type { ObjectStat } from '../../../storage/target.ts'
import { isUnderHold } from '../../holds/require-no-hold.ts'
import { someAtOnce } from '../../some-at-once.ts'
import { SyncFault, type SyncRun, step } from './deps.ts'
import { copyReport, note, type SyncReport } from './report.ts'

const AT_ONCE = 1000

/** What is counted at once costs the database some milliseconds. */
const COUNTED_AT_ONCE = 10_000

/**
 * Looks what share of the scope would vanish before anything is changed. Where it is more than half, however few files
 * there are, what is mounted or bound may be the wrong place: throws `SyncFault` in `apply`, and notes it in a preview, unless the caller
 * has allowed it. Files under a hold do not vanish.
 */
export async function checkBrake(run: SyncRun): Promise<void> {
  let known = 0
  let gone = 0
  let vanishing = 0
  const readyAt = run.row.createdAt
  for (let after = ''; ; ) {
    run.options.signal.throwIfAborted()
    const range = await run.deps.store.read.syncObjects.range(run.place, { after, limit: COUNTED_AT_ONCE, readyAt })
    if (!range) break
    known += range.known
    gone += range.gone
    vanishing += range.vanishing
    after = range.upto
  }
  run.report = { ...run.report, gone }
  if (run.row.allowRemovals || vanishing * 2 <= known) return
  const message =
    `${vanishing} of the ${known} files that are known here would leave the list: a wrong mount, share or bucket looks the same. ` +
    'Check that the storage shows what it should. If the files were removed on purpose, start Sync again and allow removals.'
  if (run.row.mode === 'apply') throw new SyncFault('stopped', `Nothing was changed. ${message}`)
  await step(run, async (_tx, report) => ({ ...report, brake: message }))
}

/** The record stays, with its last digest and all that the log tells of it. */
async function bury(tx: Tx, run: SyncRun, file: FileRow): Promise<boolean> {
  const at = run.deps.clock.now()
  const reason = 'Its object was gone from the storage when Sync looked.'
  if (!(await tx.files.become(file, 'DELETED', { deletedAt: at, purgedAt: at, statusReason: reason }))) return false
  await tx.targets.free(file.targetId, file.objectSize)
  const { tenantId, caseId, itemId, id: fileId, name, size, sha256 } = file
  const told = { ...run.row.report.by, tenantId, caseId, itemId, fileId, result: 'ok' as const }
  await tx.audit.append({ ...told, action: 'DELETE', details: { kind: 'file', name, size, sha256, reason, syncId: run.row.id } })
  return true
}

async function removeOne(tx: Tx, run: SyncRun, { report, gone }: { report: SyncReport; gone: ScopeFile }): Promise<void> {
  const { place, row, deps } = run
  const file = await tx.files.findAny(place.tenantId, gone.id)
  const told = { name: gone.name, bytes: gone.size, fileId: gone.id }
  if (!file || file.deletedAt !== null || file.targetId !== place.targetId) return
  const held = await isUnderHold(tx, file)
  if (held) note(report.missing, { ...told, reason: 'A legal hold keeps its record in the list.' })
  if (held && row.mode === 'apply') await tx.syncObjects.markMissing(file, deps.clock.now())
  if (!held && (row.mode === 'preview' || (await bury(tx, run, file)))) note(report.removed, told)
}

/**
 * Takes files whose object is gone out of the list, some at a time; those under a hold stay, as missing. Gone is what was not listed
 * although it was ready before the Sync began, and is not there when it is asked for: no listing alone takes a file away.
 */
export async function removeGone(run: SyncRun): Promise<void> {
  const { target, options, place, deps } = run
  const readyAt = run.row.createdAt
  if (run.report.gone === 0) return
  for (let after = run.report.phase === 'removing' ? run.report.after : ''; ; ) {
    options.signal.throwIfAborted()
    const range = await deps.store.read.syncObjects.range(place, { after, limit: AT_ONCE, readyAt })
    if (!range) return
    const gone = range.gone === 0 ? [] : await deps.store.read.syncObjects.goneIn(place, { after, upto: range.upto, readyAt })
    after = range.upto
    if (gone.length > 0)
      await removeSome(run, {
        gone,
        upto: range.upto,
        stats: await someAtOnce(gone, (file) => target.stat(file.key, { signal: options.signal })),
      })
  }
}

type Some = { readonly gone: readonly ScopeFile[]; readonly stats: readonly (ObjectStat | null)[]; readonly upto: string }

async function removeSome(run: SyncRun, { gone, stats, upto }: Some): Promise<void> {
  await step(run, async (tx, before) => {
    const report = copyReport(before)
    for (const [index, one] of gone.entries()) {
      if (stats[index] === null) await removeOne(tx, run, { report, gone: one })
      else note(report.skipped, { name: one.name, bytes: one.size, fileId: one.id, reason: 'It is there, though it was not listed.' })
    }
    return { ...report, phase: 'removing', after: upto }
  })
  await run.options.progress({ listed: run.report.listed })
}
