import { fromDirectName } from '../../../core/direct-names.ts'
import { itemShortId } from '../../../core/object-keys.ts'
import type { FoundObject } from '../../../db/sync-objects.ts'
import type { FolderEntry } from '../../../storage/target.ts'
import { type SyncRun, step } from './deps.ts'
import { copyReport, newReport, note, type SyncExample } from './report.ts'

/** Objects that are kept with one commit. */
const AT_ONCE = 1000

type Batch = { readonly objects: FoundObject[]; readonly skipped: SyncExample[] }

/** Forgets what a Sync found, some at a time. */
export async function forgetFound(deps: SyncRun['deps'], syncId: string): Promise<void> {
  const some = 5 * AT_ONCE
  while ((await deps.store.transaction((tx) => tx.syncObjects.forget(syncId, some))) === some);
}

const nameOf = (key: string): string => fromDirectName(key.slice(key.lastIndexOf('/') + 1))

/** The folders of a case's items lie in that of the case; they are scopes of their own. */
async function isItemFolder({ deps, place }: SyncRun, name: string): Promise<boolean> {
  if (place.itemId !== null || !/^[0-9a-f]{8}$/.test(name)) return false
  for (let before: string | null = null; ; ) {
    const items = await deps.store.read.items.list(place.tenantId, place.caseId, { before, limit: 200 })
    if (items.some((item) => itemShortId(item.id) === name)) return true
    before = items.at(-1)?.id ?? null
    if (before === null) return false
  }
}

async function take(run: SyncRun, entry: FolderEntry, batch: Batch): Promise<void> {
  if (entry.kind === 'object') {
    const { key, size, modifiedAt, etag } = entry.object
    batch.objects.push({ key, name: nameOf(key), size, modifiedAt: Math.floor(modifiedAt), etag })
    return
  }
  const { name } = entry
  if (entry.kind === 'foreign') batch.skipped.push({ name, fileId: null, reason: 'Its name cannot be kept. Rename it on the storage.' })
  else if (!(await isItemFolder(run, name))) {
    batch.skipped.push({ name, fileId: null, reason: 'A folder: only what lies directly in this one is looked at.' })
  }
}

async function keep(run: SyncRun, { objects, skipped }: Batch): Promise<void> {
  await step(run, async (tx, before) => {
    const report = copyReport(before)
    report.listed += objects.length
    for (const { name, reason } of skipped) note(report.skipped, { name, bytes: 0, reason })
    await tx.syncObjects.add(run.row.id, objects)
    return report
  })
  await run.options.progress({ listed: run.report.listed })
}

/**
 * Lists the scope into the database. It is there as a whole before anything is compared with it; whatever breaks the listing off leaves
 * the files as they are, and another attempt begins anew.
 */
export async function listScope(run: SyncRun): Promise<void> {
  const { target, place, row, options } = run
  await forgetFound(run.deps, row.id)
  await step(run, async () => newReport(run.row.report.by))
  if (row.mode === 'apply') await target.folders?.make(place.prefix, { signal: options.signal })
  await keepAll(run, target.listFolder(place.prefix, { signal: options.signal }))
}

/** The storage is asked for what comes next while a batch is being kept: two are in memory at most. */
async function keepAll(run: SyncRun, entries: AsyncIterable<FolderEntry>): Promise<void> {
  let batch: Batch = { objects: [], skipped: [] }
  let keeping: Promise<void> = Promise.resolve()
  try {
    for await (const entry of entries) {
      await take(run, entry, batch)
      if (batch.objects.length + batch.skipped.length < AT_ONCE) continue
      await keeping
      keeping = keep(run, batch)
      keeping.catch(() => {})
      batch = { objects: [], skipped: [] }
    }
  } finally {
    await keeping
  }
  await keep(run, batch)
}
