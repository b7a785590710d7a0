import { type ObjectInitiate, type ObjectInitiated, Problem } from '@holdfast/api'
import { createFloeHeaderSync } from '@holdfast/container/node'
import type { Caller } from '../../core/actor.ts'
import { toIso } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import type { ObjectPolicy } from '../../core/object-classes.ts'
import { containerAad, objectKeyOf } from '../../core/object-keys.ts'
import { planUpload } from '../../core/upload-plan.ts'
import { type FileRow, noObjectYet } from '../../db/files.ts'
import type { ObjectRow } from '../../db/objects.ts'
import type { Tx } from '../../db/store.ts'
import type { UploadRow, UploadView } from '../../db/uploads.ts'
import { existing, toldBy } from '../caller.ts'
import { isUnderHold } from '../holds/require-no-hold.ts'
import { expiryFrom, uploadClosed } from '../ingest/session.ts'
import type { ObjectDeps } from './deps.ts'
import { getPolicy, requireAcceptable } from './find-class.ts'
import { uploadRequest } from './urls.ts'
import { toStoredObject } from './view.ts'

/** Upload URLs that one person or token may hold at once. */
const URLS_AT_ONCE = 1000
const RETRY_AFTER_SECONDS = 10

type Draft = { readonly file: FileRow; readonly upload: UploadRow }
type Given = { readonly input: ObjectInitiate; readonly policy: ObjectPolicy; readonly contentType: string }

/** The target that objects are written to, and whether it takes bytes straight from their sender. */
async function findDestination(deps: ObjectDeps, tenantId: string): Promise<{ targetId: string; presigns: boolean }> {
  await deps.ensureTarget(tenantId)
  const binding = await deps.ingest.store.read.roleBindings.find(tenantId, 'objects')
  if (!binding) throw new Problem('CONFLICT', 'No storage target serves Objects. An administrator binds one under Settings, Storage.')
  await using lease = await deps.ingest.targets.lease(tenantId, binding.targetId)
  return { targetId: binding.targetId, presigns: lease.target.presign !== null }
}

/** How the object lies at its target: as it is, or sealed under a key of its own below its owner's. */
type Form = Pick<FileRow, 'container' | 'objectSize' | 'entityKeyId' | 'wrappedKey'> &
  Pick<UploadRow, 'partSize' | 'partCount' | 'header' | 'delivery'>

async function sealedForm(deps: ObjectDeps, tenantId: string, { fileId, input }: { fileId: string; input: ObjectInitiate }): Promise<Form> {
  const owner = { tenantId, entityType: 'owner' as const, entityId: `${input.ownerEntityType}/${input.ownerEntityId}` }
  const { fileKey, entityKeyId, wrapped } = await deps.ingest.keys.createFileKey(owner, fileId)
  const header = createFloeHeaderSync({ fileKey, aad: containerAad({ tenantId, fileId }) })
  fileKey.fill(0)
  const { partSize, partCount, geometry } = planUpload(input.fileSize)
  return {
    container: 'floe',
    objectSize: geometry.storedSize,
    entityKeyId,
    wrappedKey: wrapped,
    partSize,
    partCount,
    header,
    delivery: 'server',
  }
}

const plainForm = (size: number): Form => ({
  ...{ container: null, objectSize: size, entityKeyId: null, wrappedKey: null },
  ...{ partSize: size, partCount: 1, header: new Uint8Array(0), delivery: 'presigned' },
})

async function draft(deps: ObjectDeps, caller: Caller, given: Given): Promise<Draft> {
  const { input, policy, contentType } = given
  const { tenantId, actor } = caller
  const { targetId, presigns } = await findDestination(deps, tenantId)
  const fileId = newId()
  const size = input.fileSize
  const straight = presigns && policy.tier === 'object'
  const form = straight ? plainForm(size) : await sealedForm(deps, tenantId, { fileId, input })
  const { container, objectSize, entityKeyId, wrappedKey, partSize, partCount, header, delivery } = form
  const now = deps.ingest.clock.now()
  const owner = { ownerType: input.ownerEntityType, ownerId: input.ownerEntityId }
  const declaredSha256 = input.checksums?.sha256.toLowerCase() ?? null
  return {
    file: {
      ...noObjectYet,
      ...{ id: fileId, tenantId, caseId: null, itemId: null, tier: 'object', name: input.originalFilename, contentType, size },
      ...{ status: 'PENDING_UPLOAD', statusReason: null, targetId, syncTargetId: null },
      ...{ objectKey: objectKeyOf({ tenantId, ...owner, fileId }), container, objectSize, entityKeyId, wrappedKey },
      ...{ sha256: null, declaredSha256, verifiedAt: null, uploadedBy: actor.name },
      ...{ createdAt: now, readyAt: null, deletedAt: null, purgedAt: null, version: 1 },
      ...{ ...owner, objectClass: policy.name, replaceable: policy.replaceable, retention: policy.retention },
    },
    upload: {
      ...{ id: newId(), tenantId, fileId, actorId: actor.id, status: 'open', size, partSize, partCount, writeId: null, header, delivery },
      ...{ createdAt: now, touchedAt: now, expiresAt: expiryFrom(now), policy, contentType, declaredMd5: null },
      urlExpiresAt: now + deps.settings.uploadUrlSeconds * 1000,
    },
  }
}

async function requireRoom(tx: Tx, caller: Caller, now: number): Promise<void> {
  if ((await tx.uploads.countUrls(caller.tenantId, caller.actor.id, now)) < URLS_AT_ONCE) return
  throw new Problem('TOO_MANY_UPLOADS', `You hold ${URLS_AT_ONCE} upload URLs. Use them, or wait until some have expired.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    extra: { limit: URLS_AT_ONCE },
  })
}

async function insert(tx: Tx, caller: Caller, { file, upload }: Draft): Promise<void> {
  await tx.targets.reserve(file.targetId, file.objectSize)
  await tx.files.insert(file)
  await tx.uploads.insert(upload)
  await tx.audit.append({
    ...toldBy(caller),
    action: 'UPLOAD_INITIATED',
    fileId: file.id,
    details: {
      ...{ uploadId: upload.id, name: file.name, size: file.size, tier: file.tier, targetId: file.targetId },
      ...{ objectClass: file.objectClass, ownerEntityType: file.ownerType, ownerEntityId: file.ownerId, delivery: upload.delivery },
    },
  })
}

const viewOf = ({ file, upload }: Draft): UploadView => ({
  ...upload,
  ...{
    caseId: null,
    itemId: null,
    ownerType: file.ownerType,
    ownerId: file.ownerId,
    name: file.name,
    tier: file.tier,
    targetId: file.targetId,
    objectKey: file.objectKey,
  },
  ...{ objectSize: file.objectSize, entityKeyId: file.entityKeyId, wrappedKey: file.wrappedKey },
})

async function toAnswer(deps: ObjectDeps, file: ObjectRow, given: { upload: UploadView; origin: string }): Promise<ObjectInitiated> {
  const { url, headers, expiresAt } = await uploadRequest(deps, given.upload, { origin: given.origin, sha256: file.declaredSha256 })
  return {
    storedObject: toStoredObject(file),
    uploadUrl: url,
    uploadUrlExpiresAt: toIso(expiresAt),
    uploadMethod: 'PUT',
    uploadHeaders: headers,
    sessionId: given.upload.id,
  }
}

/**
 * Begins the upload of an object: rows, reservation, the policy in force and the audit entry commit together; then the URL is signed.
 * `origin` is where the sender reaches this server.
 */
export async function initiateObject(
  deps: ObjectDeps,
  caller: Caller,
  request: { input: ObjectInitiate; origin: string },
): Promise<ObjectInitiated> {
  const { store, clock, points } = deps.ingest
  const { input, origin } = request
  const policy = await getPolicy({ store, settings: deps.settings }, caller.tenantId, input.objectClass)
  const contentType = requireAcceptable(policy, input, deps.settings.maxBytes)
  const drafted = await draft(deps, caller, { input, policy, contentType })
  const held = await store.transaction(async (tx) => {
    await requireRoom(tx, caller, clock.now())
    await insert(tx, caller, drafted)
    return isUnderHold(tx, drafted.file)
  })
  points.reach('object.initiate.after-commit')
  return toAnswer(deps, { ...drafted.file, held }, { upload: viewOf(drafted), origin })
}

/** The same upload again with a fresh URL, for a repetition of the request that began it. UPLOAD_CLOSED once it is over. */
export async function reissueUrl(deps: ObjectDeps, caller: Caller, request: { id: string; origin: string }): Promise<ObjectInitiated> {
  const { store, clock } = deps.ingest
  const file = existing(await store.read.objects.find(caller.tenantId, request.id), 'object')
  const upload = existing(await store.read.uploads.findOfFile(caller.tenantId, file.id), 'upload')
  if (upload.status !== 'open') throw uploadClosed(upload)
  const urlExpiresAt = clock.now() + deps.settings.uploadUrlSeconds * 1000
  await store.transaction((tx) => tx.uploads.extendUrl(upload, urlExpiresAt))
  return toAnswer(deps, file, { upload: { ...upload, urlExpiresAt }, origin: request.origin })
}
