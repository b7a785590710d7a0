import { MiB, Problem, SECURE_TIER_MAX_BYTES, type UploadCreate, type UploadSession } from '@holdfast/api'
import { createFloeHeaderSync } from '@holdfast/container/node'
import type { Caller } from '../../core/actor.ts'
import { storedContentType } from '../../core/content-types.ts'
import { describeNameFault, findNameFault } from '../../core/file-name.ts'
import { newId } from '../../core/ids.ts'
import { containerAad, secureKey } from '../../core/object-keys.ts'
import { planUpload, type UploadPlan } from '../../core/upload-plan.ts'
import { type FileRow, noObjectYet } from '../../db/files.ts'
import type { Tx } from '../../db/store.ts'
import { noPolicy, type UploadRow } from '../../db/uploads.ts'
import { existing, toldBy } from '../caller.ts'
import { toSession } from '../file-view.ts'
import type { IngestDeps } from './deps.ts'
import { expiryFrom, getUpload } from './session.ts'

const RETRY_AFTER_SECONDS = 30

async function requireAcceptable(input: UploadCreate, hasDirect: () => Promise<boolean>): Promise<void> {
  const fault = findNameFault(input.name)
  if (fault) throw new Problem('INVALID_FILE_NAME', describeNameFault(fault), { extra: { fault } })
  if ((input.tier ?? 'secure') !== 'secure') {
    throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: 'tier', message: 'is not available' }] })
  }
  if (input.size > SECURE_TIER_MAX_BYTES) {
    const limit = `Encrypted Storage takes files up to ${SECURE_TIER_MAX_BYTES / MiB} MiB; this one has ${input.size} bytes.`
    // Of what is off nobody is told (R4).
    const detail = (await hasDirect()) ? `${limit} Upload it to Direct Storage.` : limit
    throw new Problem('FILE_TOO_LARGE', detail, { extra: { maxBytes: SECURE_TIER_MAX_BYTES, size: input.size } })
  }
}

type Place = Pick<UploadCreate, 'caseId' | 'itemId'>

async function requirePlace(tables: Pick<Tx, 'cases' | 'items'>, tenantId: string, place: Place): Promise<void> {
  existing(await tables.cases.find(tenantId, place.caseId), 'case')
  if (place.itemId === undefined) return
  const item = await tables.items.find(tenantId, place.itemId)
  existing(item?.caseId === place.caseId ? item : null, 'item in this case')
}

async function requireRoom(tx: Tx, caller: Caller, limit: number): Promise<void> {
  if ((await tx.uploads.countRunning(caller.tenantId, caller.actor.id)) < limit) return
  throw new Problem('TOO_MANY_UPLOADS', `You have ${limit} uploads open. Finish or cancel one, or wait.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    extra: { limit },
  })
}

type Destination = { readonly targetId: string; readonly syncTargetId: string | null }

/** Where a new file is written: to the bound target, or first to this server where the role says so (S3). */
async function findDestination(deps: IngestDeps, tenantId: string): Promise<Destination> {
  const binding = await deps.store.read.roleBindings.find(tenantId, 'encrypted')
  const staging = binding?.staged ? await deps.store.read.targets.findBuiltin(tenantId) : null
  if (binding && staging && staging.id !== binding.targetId) return { targetId: staging.id, syncTargetId: binding.targetId }
  if (binding) return { targetId: binding.targetId, syncTargetId: null }
  throw new Problem('CONFLICT', 'No storage target serves Encrypted Storage. An administrator binds one under Settings, Storage.')
}

type Rows = { readonly file: FileRow; readonly upload: UploadRow }

/** Makes the key, the container's header and the rows of a new file and its upload; nothing is stored yet. */
async function draft(
  deps: IngestDeps,
  caller: Caller,
  given: { input: UploadCreate; destination: Destination; plan: UploadPlan },
): Promise<Rows> {
  const { input, destination, plan } = given
  const { tenantId, actor } = caller
  const fileId = newId()
  const key = await deps.keys.createFileKey({ tenantId, entityType: 'case', entityId: input.caseId }, fileId)
  const header = createFloeHeaderSync({ fileKey: key.fileKey, aad: containerAad({ tenantId, fileId }) })
  key.fileKey.fill(0)
  const now = deps.clock.now()
  const { entityKeyId, wrapped } = key
  return {
    file: {
      ...newFile(input, { tenantId, fileId, destination, now }),
      ...sealedAs(plan),
      entityKeyId,
      wrappedKey: wrapped,
      uploadedBy: actor.name,
    },
    upload: {
      id: newId(),
      tenantId,
      fileId,
      actorId: actor.id,
      status: 'open',
      size: input.size,
      partSize: plan.partSize,
      partCount: plan.partCount,
      writeId: null,
      header,
      createdAt: now,
      touchedAt: now,
      expiresAt: expiryFrom(now),
      delivery: 'server',
      ...noPolicy,
    },
  }
}

const sealedAs = (plan: UploadPlan): Pick<FileRow, 'container' | 'objectSize'> => ({
  container: 'floe',
  objectSize: plan.geometry.storedSize,
})

function newFile(input: UploadCreate, ids: { tenantId: string; fileId: string; destination: Destination; now: number }) {
  const { tenantId, fileId, destination, now } = ids
  return {
    id: fileId,
    tenantId,
    caseId: input.caseId,
    itemId: input.itemId ?? null,
    tier: 'secure' as const,
    name: input.name,
    contentType: storedContentType(input.contentType),
    size: input.size,
    status: 'PENDING_UPLOAD' as const,
    statusReason: null,
    ...destination,
    objectKey: secureKey({ tenantId, caseId: input.caseId, fileId }),
    sha256: null,
    declaredSha256: null,
    verifiedAt: null,
    createdAt: now,
    readyAt: null,
    deletedAt: null,
    purgedAt: null,
    version: 1,
    ...noObjectYet,
  }
}

async function insert(tx: Tx, caller: Caller, { file, upload }: Rows): Promise<void> {
  await tx.targets.reserve(file.targetId, file.objectSize)
  if (file.syncTargetId !== null) await tx.targets.reserve(file.syncTargetId, file.objectSize)
  await tx.files.insert(file)
  await tx.uploads.insert(upload)
  await tx.audit.append({
    ...toldBy(caller),
    action: 'UPLOAD_INITIATED',
    caseId: file.caseId,
    itemId: file.itemId,
    fileId: file.id,
    details: { uploadId: upload.id, name: file.name, size: file.size, tier: file.tier, targetId: file.targetId },
  })
}

/**
 * Begins an upload: its row, the file's row with the wrapped key, the reservation and the audit entry commit together. The driver's write
 * begins with the first part, so that an upload of which nothing ever comes leaves nothing at the target.
 */
export async function initiateUpload(deps: IngestDeps, caller: Caller, input: UploadCreate): Promise<UploadSession> {
  const { store, points } = deps
  await requireAcceptable(input, async () => (await store.read.roleBindings.find(caller.tenantId, 'direct')) !== null)
  await requirePlace(store.read, caller.tenantId, input)
  const destination = await findDestination(deps, caller.tenantId)
  const rows = await draft(deps, caller, { input, destination, plan: planUpload(input.size, input.partSize) })
  await store.transaction(async (tx) => {
    await requirePlace(tx, caller.tenantId, input)
    await requireRoom(tx, caller, deps.limits.uploadsPerUser)
    await insert(tx, caller, rows)
    points.reach('upload.initiate.before-commit')
  })
  points.reach('upload.initiate.after-commit')
  return toSession(await getUpload(store, caller, rows.upload.id), [])
}
