import { UPLOAD_IDLE_SECONDS } from '@holdfast/api'
import { findPlannedPart, partPlanOf } from '../../core/upload-plan.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { UploadView } from '../../db/uploads.ts'
import type { CheckDeps } from './check-store.ts'
import type { CheckNotes } from './report.ts'

/** Twice what the sweep goes by, so that a sweep that is about to come is no finding. */
const IDLE_MILLISECONDS = 2 * UPLOAD_IDLE_SECONDS * 1000
const COMPLETING_MILLISECONDS = 3_600_000

/** Which states of upload and file fit each other. */
function isFitting(upload: UploadView, file: FileRow): boolean {
  // What was not what its sender declared, or what its target refused to complete, has failed, and says so until it is cleaned up.
  if (upload.status === 'aborted') return file.status === 'DELETED' || file.status === 'FAILED'
  if (upload.status === 'completed') return file.status !== 'PENDING_UPLOAD'
  return file.status === 'PENDING_UPLOAD'
}

/** Looks at the upload of one file. */
export async function checkUpload(deps: CheckDeps, file: FileRow, notes: CheckNotes): Promise<void> {
  const upload = await deps.store.read.uploads.findOfFile(file.tenantId, file.id)
  if (!upload) return
  if (!isFitting(upload, file)) {
    const again = await deps.store.read.files.findAny(file.tenantId, file.id)
    const now = await deps.store.read.uploads.findOfFile(file.tenantId, file.id)
    if (again && now && !isFitting(now, again))
      notes.find('upload-file', upload.id, `the upload is ${now.status}, its file ${again.status}`)
  }
  if (upload.status !== 'open' && upload.status !== 'completing') return
  notes.counts.uploads += 1
  checkAlive(deps, upload, notes)
  await checkParts(deps, upload, notes)
}

function checkAlive(deps: CheckDeps, upload: UploadView, notes: CheckNotes): void {
  const limit = upload.status === 'open' ? IDLE_MILLISECONDS : COMPLETING_MILLISECONDS
  const idle = deps.clock.now() - upload.touchedAt
  if (idle > limit) notes.find('upload-alive', upload.id, `${upload.status} and untouched for ${Math.round(idle / 60_000)} minutes`)
}

async function checkParts(deps: CheckDeps, upload: UploadView, notes: CheckNotes): Promise<void> {
  if (upload.policy !== null && upload.delivery === 'presigned') return
  const plan = partPlanOf(upload)
  for (const part of await deps.store.read.uploads.parts(upload.id)) {
    const planned = findPlannedPart(plan, part.number)
    const receipts = upload.delivery === 'presigned' ? 1 : planned?.driverPartCount
    const fits = planned?.plainLength === part.size && part.receipts.length === receipts
    if (!fits) notes.find('upload-parts', upload.id, `the receipt of part ${part.number} does not fit the plan`)
  }
}
