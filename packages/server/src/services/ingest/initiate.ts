import { MiB, Problem, SECURE_TIER_MAX_BYTES, type Tier, type UploadCreate, type UploadSession } from '@holdfast/api'
import { createFloeHeaderSync } from '@holdfast/container/node'
import type { Caller } from '../../core/actor.ts'
import { storedContentType } from '../../core/content-types.ts'
import { describeNameFault, findNameFault } from '../../core/file-name.ts'
import { newId } from '../../core/ids.ts'
import { containerAad, secureKey } from '../../core/object-keys.ts'
import { type PartPlan, planUpload, type UploadPlan } from '../../core/upload-plan.ts'
import type { CaseRow } from '../../db/cases.ts'
import { type FileRow, noObjectYet } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import { noPolicy, type UploadRow } from '../../db/uploads.ts'
import { existing, toldBy } from '../caller.ts'
import { toSession } from '../file-view.ts'
import type { IngestDeps } from './deps.ts'
import { expiryFrom, getUpload } from './session.ts'

const RETRY_AFTER_SECONDS = 30

/** Throws INVALID_FILE_NAME with what is wrong. */
export function requireName(name: string): void {
  const fault = findNameFault(name)
  if (fault) throw new Problem('INVALID_FILE_NAME', describeNameFault(fault), { extra: { fault } })
}

async function requireAcceptable(input: UploadCreate, hasDirect: () => Promise<boolean>): Promise<void> {
  requireName(input.name)
  if (input.size > SECURE_TIER_MAX_BYTES) {
    const limit = `Encrypted Storage takes files up to ${SECURE_TIER_MAX_BYTES / MiB} MiB; this one has ${input.size} bytes.`
    // Of what is off nobody is told (R4).
    const detail = (await hasDirect()) ? `${limit} Upload it to Direct Storage.` : limit
    throw new Problem('FILE_TOO_LARGE', detail, { extra: { maxBytes: SECURE_TIER_MAX_BYTES, size: input.size } })
  }
}

type Place = Pick<UploadCreate, 'caseId' | 'itemId'>

/** The case that the new file belongs to; NOT_FOUND where there is none, or not the item in it. */
export async function requirePlace(tables: Pick<Tx, 'cases' | 'items'>, tenantId: string, place: Place): Promise<CaseRow> {
  const found = existing(await tables.cases.find(tenantId, place.caseId), 'case')
  if (place.itemId === undefined) return found
  const item = await tables.items.find(tenantId, place.itemId)
  existing(item?.caseId === place.caseId ? item : null, 'item in this case')
  return found
}

/** TOO_MANY_UPLOADS where the caller has `limit` uploads of the tier open (D8). */
export async function requireRoom(tx: Tx, caller: Caller, { tier, limit }: { tier: Tier; limit: number }): Promise<void> {
  if ((await tx.uploads.countRunning({ tenantId: caller.tenantId, actorId: caller.actor.id, tier })) < limit) return
  throw new Problem('TOO_MANY_UPLOADS', `You have ${limit} uploads open. Finish or cancel one, or wait.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    extra: { limit },
  })
}

export type Destination = { readonly targetId: string; readonly syncTargetId: string | null }

/** Where a new file is written: to the bound target, or first to this server where the role says so (S3). */
async function findDestination(deps: IngestDeps, tenantId: string): Promise<Destination> {
  const binding = await deps.store.read.roleBindings.find(tenantId, 'encrypted')
  const staging = binding?.staged ? await deps.store.read.targets.findBuiltin(tenantId) : null
  if (binding && staging && staging.id !== binding.targetId) return { targetId: staging.id, syncTargetId: binding.targetId }
  if (binding) return { targetId: binding.targetId, syncTargetId: null }
  throw new Problem('CONFLICT', 'No storage target serves Encrypted Storage. An administrator binds one under Settings, Storage.')
}

export type Rows = { readonly file: FileRow; readonly upload: UploadRow }

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
  const { entityKeyId, wrapped: wrappedKey } = key
  const place = { ...destination, tier: 'secure' as const, objectKey: secureKey({ tenantId, caseId: input.caseId, fileId }) }
  const sealed = { container: 'floe' as const, objectSize: plan.geometry.storedSize, entityKeyId, wrappedKey }
  return {
    file: { ...newFile(input, { tenantId, fileId, uploadedBy: actor.name, now }), ...place, ...sealed },
    upload: newUpload(plan, { tenantId, fileId, actorId: actor.id, header, delivery: 'server', now }),
  }
}

type UploadOf = Pick<UploadRow, 'tenantId' | 'fileId' | 'actorId' | 'header' | 'delivery'> & { readonly now: number }

/** The row of an upload that has just begun. */
export const newUpload = ({ size, partSize, partCount }: PartPlan, { now, ...of }: UploadOf): UploadRow => ({
  ...{ id: newId(), status: 'open', size, partSize, partCount, writeId: null },
  ...of,
  ...{ createdAt: now, touchedAt: now, expiresAt: expiryFrom(now), ...noPolicy },
})

/** The row of a file of which nothing is stored yet, but for where and how it will be. */
export function newFile(input: UploadCreate, of: { tenantId: string; fileId: string; uploadedBy: string; now: number }) {
  const { tenantId, fileId, uploadedBy, now } = of
  return {
    id: fileId,
    tenantId,
    caseId: input.caseId,
    itemId: input.itemId ?? null,
    name: input.name,
    contentType: storedContentType(input.contentType),
    size: input.size,
    status: 'PENDING_UPLOAD' as const,
    statusReason: null,
    uploadedBy,
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
    await requireRoom(tx, caller, { tier: 'secure', limit: deps.limits.uploadsPerUser })
    await insert(tx, caller, rows)
    points.reach('upload.initiate.before-commit')
  })
  points.reach('upload.initiate.after-commit')
  return toSession(await getUpload(store, caller, rows.upload.id), [])
}
