import type { FileRow } from '../../db/file-rows.ts'
import type { Finding } from '../../db/reconciliations.ts'
import type { Tx } from '../../db/store.ts'
import type { ObjectStat } from '../../storage/target.ts'
import { isUnderHold } from '../holds/require-no-hold.ts'
import { someAtOnce } from '../some-at-once.ts'
import { type ReconcileRun, step } from './deps.ts'
import { count, newFinding, type ReconcileReport } from './report.ts'

const AT_ONCE = 200

type Looked = { readonly file: FileRow; readonly stat: ObjectStat | null }
type Told = { readonly kind: 'missing' | 'returned' | 'size'; readonly reason: string }

async function tell(tx: Tx, run: ReconcileRun, at: { file: FileRow; kind: 'missing' | 'returned' }): Promise<void> {
  const { deps, row, report } = run
  const { file } = at
  if (!(await tx.reconciliations.noteMissing(file, at.kind === 'missing' ? deps.clock.now() : null))) return
  const details = { reconciliationId: row.id, targetId: row.targetId, name: file.name }
  const { tenantId, caseId, itemId, id: fileId } = file
  const about = { ...report.by, tenantId, caseId, itemId, fileId, details }
  await tx.audit.append(
    at.kind === 'missing' ? { ...about, action: 'FILE_MISSING', result: 'failed' } : { ...about, action: 'FILE_RETURNED', result: 'ok' },
  )
}

/** Whether the row still says what was compared with its object. */
async function isUnchanged(tx: Tx, file: FileRow): Promise<boolean> {
  const now = await tx.files.findAny(file.tenantId, file.id)
  return now?.targetId === file.targetId && now.objectKey === file.objectKey && now.status === file.status && now.deletedAt === null
}

async function judgeFile(tx: Tx, run: ReconcileRun, { file, stat }: Looked): Promise<Told | null> {
  if (!(await isUnchanged(tx, file))) return null
  if (!stat) {
    await tell(tx, run, { file, kind: 'missing' })
    const held = (await isUnderHold(tx, file)) ? ' A legal hold covers the file.' : ''
    return { kind: 'missing', reason: `The object is not at the target. Put it back there, or restore it from a backup.${held}` }
  }
  if (stat.size !== file.objectSize) {
    return { kind: 'size', reason: `The object has ${stat.size} bytes; it was stored with ${file.objectSize}.` }
  }
  if (file.missingAt === null) return null
  await tell(tx, run, { file, kind: 'returned' })
  return { kind: 'returned', reason: 'The object is at the target again.' }
}

async function tellPage(tx: Tx, run: ReconcileRun, page: { looked: readonly Looked[]; report: ReconcileReport }): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const one of page.looked) {
    const told = await judgeFile(tx, run, one)
    if (!told) continue
    const { file, stat } = one
    const size = stat?.size ?? file.objectSize
    count(page.report[told.kind], size)
    const seen = { key: file.objectKey, fileId: file.id, fileName: file.name, size, modifiedAt: null }
    findings.push(newFinding({ ...told, ...seen }))
  }
  return findings
}

/**
 * Rows against objects, by id and in constant memory: each object is asked for by its key, so that no listing alone flags a file. What is
 * missing is flagged as missing and stays; what was and is there again is not any more.
 */
export async function lookAtFiles(run: ReconcileRun): Promise<void> {
  const { deps, row, target, options } = run
  const place = { tenantId: row.tenantId, targetId: row.targetId, storedBy: row.createdAt }
  for (let after = run.report.phase === 'files' ? run.report.after : ''; ; ) {
    const page = await deps.store.read.reconciliations.pageStored(place, { after, limit: AT_ONCE })
    const last = page.at(-1)
    if (!last) return
    after = last.id
    const looked = await someAtOnce(page, async (file) => ({ file, stat: await target.stat(file.objectKey, { signal: options.signal }) }))
    await step(run, async (tx, report) => {
      await tx.reconciliations.addFindings(row.id, await tellPage(tx, run, { looked, report }))
      return { ...report, phase: 'files', after, files: report.files + page.length }
    })
  }
}
