import { Problem } from '@holdfast/api'
import { systemActor } from '../../core/actor.ts'
import type { UploadView } from '../../db/uploads.ts'
import { StorageError } from '../../storage/target.ts'
import { pages } from '../pages.ts'
import { sayRefused } from '../storage-words.ts'
import { each, type SweepOptions } from '../sweep.ts'
import { finishObject } from './complete.ts'
import type { ObjectDeps } from './deps.ts'
import { failUpload } from './fail.ts'

const PAGE = 200
/** A completion that nobody has touched for this long was interrupted, or its client gave up. */
const STUCK_MILLISECONDS = 2 * 60_000

/** Takes interrupted completions of objects to their end, whatever that is. Repeatable, from several instances at once. */
export async function sweepObjects(deps: ObjectDeps, options: SweepOptions): Promise<void> {
  const { store, clock } = deps.ingest
  const before = clock.now() - STUCK_MILLISECONDS
  const stuck = pages((after) => store.read.uploads.pageUntouched('completing', before, { after, limit: PAGE }))
  await each(stuck, { ...options, about: (row) => ({ uploadId: row.id }) }, async (upload) => {
    if (upload.policy === null) return
    try {
      await finishObject(deps, upload)
    } catch (error) {
      if (error instanceof Problem && error.code === 'CHECKSUM_MISMATCH') return
      if (!(error instanceof StorageError) || clock.now() < upload.expiresAt) throw error
      await giveUp(deps, upload, error)
    }
  })
}

/** What a target has refused for a day would otherwise be asked of it for ever, with its bytes reserved. */
async function giveUp(deps: ObjectDeps, upload: UploadView, error: StorageError): Promise<void> {
  const file = await deps.ingest.store.read.objects.find(upload.tenantId, upload.fileId)
  if (file) await failUpload(deps, { upload, file, reason: sayRefused(error) }, { actor: systemActor, requestId: null })
}
