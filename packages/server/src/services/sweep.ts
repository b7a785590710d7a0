import { UPLOAD_IDLE_SECONDS } from '@holdfast/api'
import { assetPrefixes } from '../core/evidence-keys.ts'
import { directPrefix, objectPrefix, securePrefix } from '../core/object-keys.ts'
import type { FileRow } from '../db/file-rows.ts'
import type { NewJob } from '../db/job-queue.ts'
import type { TargetRow } from '../db/targets.ts'
import type { UploadView } from '../db/uploads.ts'
import { abortIdleUpload } from './ingest/abort.ts'
import { resumeCompletion } from './ingest/complete.ts'
import type { IngestDeps } from './ingest/deps.ts'
import { purgeObjectJob, verifyFileJob } from './ingest/job-kinds.ts'
import { scanObjectJob } from './objects/job-kinds.ts'
import { pages } from './pages.ts'

const PAGE = 200
/** A completion that nobody has touched for this long was interrupted, or its client gave up. */
const STUCK_MILLISECONDS = 2 * 60_000
/** Between a write's begin and its row lie milliseconds; clocks of instances and servers may differ by more. */
const ORPHAN_MILLISECONDS = 2 * 3_600_000

export type SweepOptions = { readonly signal: AbortSignal; readonly onError: (error: unknown, what: object) => void }

/** Goes on with the next where one fails: a target that is away must not keep the others waiting. */
export async function each<T>(
  rows: AsyncIterable<T>,
  options: SweepOptions & { about: (row: T) => object },
  act: (row: T) => Promise<void>,
): Promise<void> {
  for await (const row of rows) {
    options.signal.throwIfAborted()
    try {
      await act(row)
    } catch (error) {
      options.onError(error, options.about(row))
    }
  }
}

/**
 * Ends uploads that were idle for 24 h (D7), takes interrupted completions to their end, and queues again what a lost or dead job has left
 * undone: verification of SCANNING files, removal of objects whose file is gone. Repeatable, from several instances at once.
 */
export async function sweepUploads(deps: IngestDeps, options: SweepOptions): Promise<void> {
  const { store } = deps
  const now = deps.clock.now()
  const idleSince = now - UPLOAD_IDLE_SECONDS * 1000
  const about = (row: UploadView): object => ({ uploadId: row.id })
  const untouched = (status: 'open' | 'completing', before: number) =>
    pages((after) => store.read.uploads.pageUntouched(status, before, { after, limit: PAGE }))

  await each(untouched('open', idleSince), { ...options, about }, async (upload) => {
    await abortIdleUpload(deps, upload, idleSince)
  })
  await each(untouched('completing', now - STUCK_MILLISECONDS), { ...options, about }, async (upload) => {
    if (upload.policy === null) await resumeCompletion(deps, upload)
  })
  await requeue(deps, options)
}

const firstReading = (file: FileRow): NewJob => {
  const place = { tenantId: file.tenantId, fileId: file.id }
  return file.tier === 'object' ? scanObjectJob(place) : verifyFileJob({ ...place, fresh: true })
}

async function requeue(deps: IngestDeps, options: SweepOptions): Promise<void> {
  const { store } = deps
  const about = (row: { id: string }): object => ({ fileId: row.id })
  await each(
    pages((after) => store.read.files.pageByStatus('SCANNING', after, PAGE)),
    { ...options, about },
    async (file) => {
      await store.transaction((tx) => tx.jobs.enqueue(firstReading(file)))
    },
  )
  await each(
    pages((after) => store.read.files.pageToPurge(after, PAGE)),
    { ...options, about },
    async (file) => {
      const target = await store.read.targets.find(file.tenantId, file.targetId)
      if (target === null || target.removedAt !== null) return
      await store.transaction((tx) => tx.jobs.enqueue(purgeObjectJob({ tenantId: file.tenantId, fileId: file.id })))
    },
  )
}

const writtenPrefixes = (tenantId: string): string[] => [securePrefix(tenantId), objectPrefix(tenantId), ...assetPrefixes(tenantId)]

/** Others write below the prefix of Direct, too: what could be theirs is left alone, and what is ours has this long to be gone on with. */
const DIRECT_ORPHAN_MILLISECONDS = UPLOAD_IDLE_SECONDS * 1000
/** How far the clock of a server may be from ours. */
const CLOCK_SLACK = 15 * 60_000

type FoundWrite = { readonly key: string; readonly write: string; readonly startedAt: number }

/**
 * Whether a write below the prefix of Direct is one of ours: it began while an upload to that key, or a move of it to this target, was
 * under way. A program that puts a file there itself is none of that (D7).
 */
async function isOwnDirectWrite({ store }: IngestDeps, row: TargetRow, { key, startedAt }: FoundWrite): Promise<boolean> {
  const of = { tenantId: row.tenantId, targetId: row.id, objectKey: key, startedAt, slack: CLOCK_SLACK }
  return (await store.read.uploads.hasBegunWrite(of)) || (await store.read.moves.hasBegunWrite(of))
}

/** Removes writes of ours that no upload knows: those of a crash between a write's begin and its row. Answers how many. */
export async function sweepTargets(deps: IngestDeps, options: SweepOptions): Promise<number> {
  const { store } = deps
  const now = deps.clock.now()
  let removed = 0
  const targets = pages((after) => store.read.targets.pageOfAll(after, PAGE))
  await each(targets, { ...options, about: (row) => ({ targetId: row.id }) }, async (row) => {
    if (row.removedAt !== null) return
    await using lease = await deps.targets.lease(row.tenantId, row.id)
    const { signal } = options
    const abort = async ({ key, write }: FoundWrite): Promise<void> => {
      if ((await store.read.uploads.isWriteRunning(write)) || (await store.read.moves.isWriteRunning(write))) return
      await lease.target.abortWrite(key, write, { signal })
      removed += 1
    }
    for (const prefix of writtenPrefixes(row.tenantId)) {
      for await (const found of lease.target.listWrites(prefix, now - ORPHAN_MILLISECONDS, { signal })) await abort(found)
    }
    for await (const found of lease.target.listWrites(directPrefix(row.tenantId), now - DIRECT_ORPHAN_MILLISECONDS, { signal })) {
      if (await isOwnDirectWrite(deps, row, found)) await abort(found)
    }
  })
  return removed
}
