import { assetPrefixes } from '../../core/evidence-keys.ts'
import { objectPrefix } from '../../core/object-keys.ts'
import type { ObjectStat } from '../../storage/target.ts'
import { someAtOnce } from '../some-at-once.ts'
import { type ReconcileRun, step } from './deps.ts'
import { judgeObject } from './judge-object.ts'
import { count, newFinding, newReport } from './report.ts'

/** Objects that are looked up, and told of, with one commit. */
const AT_ONCE = 500

/** Forgets what a reconciliation found, some at a time. */
export async function forgetFindings(deps: Pick<ReconcileRun['deps'], 'store'>, reconciliationId: string): Promise<void> {
  const some = 1000
  while ((await deps.store.transaction((tx) => tx.reconciliations.forget(reconciliationId, some))) === some);
}

async function look(run: ReconcileRun, objects: readonly ObjectStat[]): Promise<void> {
  const { deps, row } = run
  const keys = objects.map(({ key }) => key)
  const known = await deps.store.read.reconciliations.knownKeys(row.targetId, keys)
  const others = objects.filter(({ key }) => !known.has(key))
  const judged = await someAtOnce(others, async ({ key }) => ({ key, judgement: await judgeObject(run, key) }))
  await step(run, async (tx, report) => {
    report.objects += objects.length
    const findings = judged.flatMap(({ key, judgement }) => {
      if (!judgement) return []
      const { kind, fileId, fileName, reason, stat } = judgement
      count(report[kind], stat.size)
      return [newFinding({ kind, key, fileId, fileName, size: stat.size, modifiedAt: Math.floor(stat.modifiedAt), reason })]
    })
    await tx.reconciliations.addFindings(row.id, findings)
    return report
  })
}

/** Objects against rows, in the order of the listing and in constant memory. A listing that broke off begins anew. */
export async function listObjects(run: ReconcileRun): Promise<void> {
  const { target, row, options } = run
  await forgetFindings(run.deps, row.id)
  await step(run, async () => newReport(row.report.by))
  for (const prefix of [objectPrefix(row.tenantId), ...assetPrefixes(row.tenantId)]) {
    let batch: ObjectStat[] = []
    for await (const object of target.list(prefix, { signal: options.signal })) {
      if (batch.push(object) < AT_ONCE) continue
      await look(run, batch)
      batch = []
    }
    await look(run, batch)
  }
}
