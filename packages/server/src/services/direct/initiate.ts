import { Problem, type UploadCreate, type UploadSession } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { newId } from '../../core/ids.ts'
import { directScope } from '../../core/object-keys.ts'
import { planDirect } from '../../core/upload-plan.ts'
import { DatabaseConflict } from '../../db/database.ts'
import type { Tx } from '../../db/store.ts'
import type { TargetRow } from '../../db/targets.ts'
import type { StorageTarget } from '../../storage/target.ts'
import { toldBy } from '../caller.ts'
import { toSession } from '../file-view.ts'
import type { IngestDeps } from '../ingest/deps.ts'
import { newFile, newUpload, type Rows, requireName, requirePlace, requireRoom } from '../ingest/initiate.ts'
import { getUpload } from '../ingest/session.ts'
import { type DirectPlace, findFreeKey, requireNotInFlight } from './free-key.ts'

/** Keys that others may take between the look and the transaction, one after another, before this gives up. */
const TRIES = 5

/** The target that is bound to Direct. Of what is off nobody is told more than that (R4). */
async function getDirectTarget(deps: IngestDeps, tenantId: string): Promise<TargetRow> {
  const binding = await deps.store.read.roleBindings.find(tenantId, 'direct')
  const row = binding && (await deps.store.read.targets.find(tenantId, binding.targetId))
  if (row && row.removedAt === null) return row
  throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: 'tier', message: 'is not available' }] })
}

type Given = { readonly input: UploadCreate; readonly row: TargetRow; readonly target: StorageTarget; readonly objectKey: string }

function draft(deps: IngestDeps, caller: Caller, { input, row, target, objectKey }: Given): Rows {
  const { tenantId, actor } = caller
  const fileId = newId()
  const now = deps.clock.now()
  const delivery = target.presign === null ? 'server' : 'presigned'
  const plan = planDirect(input.size, { wish: input.partSize, rules: delivery === 'presigned' ? row.capabilities : null })
  const place = { tier: 'direct' as const, targetId: row.id, syncTargetId: null, objectKey }
  const plain = { container: null, objectSize: input.size, entityKeyId: null, wrappedKey: null }
  return {
    file: { ...newFile(input, { tenantId, fileId, uploadedBy: actor.name, now }), ...place, ...plain },
    upload: newUpload(plan, { tenantId, fileId, actorId: actor.id, header: new Uint8Array(0), delivery, now }),
  }
}

async function insert(tx: Tx, caller: Caller, { file, upload }: Rows): Promise<void> {
  await tx.files.insert(file)
  await tx.uploads.insert(upload)
  const { name, size, targetId, objectKey: key } = file
  await tx.audit.append({
    ...toldBy(caller),
    action: 'DIRECT_UPLOAD_INIT',
    caseId: file.caseId,
    itemId: file.itemId,
    fileId: file.id,
    details: { uploadId: upload.id, name, size, targetId, key, delivery: upload.delivery },
  })
}

async function begin(deps: IngestDeps, caller: Caller, given: Given & { place: DirectPlace }): Promise<Rows> {
  const { input, row, place } = given
  const rows = draft(deps, caller, given)
  await deps.store.transaction(async (tx) => {
    await requirePlace(tx, caller.tenantId, input)
    await requireRoom(tx, caller, { tier: 'direct', limit: deps.limits.directUploadsPerUser })
    // It holds the row of the target from here on, so that of two uploads of one name the second sees the first.
    await tx.targets.reserve(row.id, input.size)
    await requireNotInFlight(tx, place)
    await insert(tx, caller, rows)
    deps.points.reach('upload.initiate.before-commit')
  })
  deps.points.reach('upload.initiate.after-commit')
  return rows
}

/**
 * Begins an upload to Direct Storage: the rows of upload and file, the reservation and the audit entry commit together. The object gets
 * the name of the file, with a number where that is taken (D14). VALIDATION_ERROR of `tier` while Direct is not bound.
 */
export async function initiateDirect(deps: IngestDeps, caller: Caller, input: UploadCreate): Promise<UploadSession> {
  requireName(input.name)
  const row = await getDirectTarget(deps, caller.tenantId)
  const { number: caseNumber } = await requirePlace(deps.store.read, caller.tenantId, input)
  const { tenantId } = caller
  const itemId = input.itemId ?? null
  const scope = directScope({ tenantId, caseNumber, itemId })
  const place: DirectPlace = { tenantId, caseId: input.caseId, itemId, target: row, scope, name: input.name }
  await using lease = await deps.targets.lease(tenantId, row.id)
  for (let attempt = 1; ; attempt += 1) {
    const objectKey = await findFreeKey(deps.store.read, place, lease.target)
    try {
      const { upload } = await begin(deps, caller, { input, row, target: lease.target, objectKey, place })
      return toSession(await getUpload(deps.store, caller, upload.id), [])
    } catch (error) {
      const isTaken = error instanceof DatabaseConflict && error.constraint === 'files_target_id_object_key'
      if (!isTaken || attempt === TRIES) throw error
    }
  }
}
