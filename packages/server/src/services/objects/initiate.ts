import { type ObjectInitiate, type ObjectInitiated, Problem } from '@holdfast/api'
import { createFloeHeaderSync } from '@holdfast/container/node'
import type { Caller } from '../../core/actor.ts'
import { toIso } from '../../core/clock.ts'
import { newId } from '../../core/ids.ts'
import type { ObjectPolicy } from '../../core/object-classes.ts'
import { containerAad, objectKeyOf } from '../../core/object-keys.ts'
import { planUpload } from '../../core/upload-plan.ts'
import { type FileRow, noObjectYet } from '../../db/file-rows.ts'
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
/** What is to be uploaded, under which policy. */
export type ObjectBeginning = {
  readonly input: Omit<ObjectInitiate, 'objectClass'>
  readonly policy: ObjectPolicy
  /** Where the object is received. */
  readonly keyOf: (object: { id: string; createdAt: number }) => string
  /** Rows of a contract on top, in the same transaction; answers what the log tells besides. */
  readonly alongside?: ((tx: Tx, file: FileRow) => Promise<Record<string, unknown>>) | undefined
}
/** An upload that has begun: its URL can be signed. */
export type Begun = { readonly file: FileRow; readonly upload: UploadView; readonly held: boolean }

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

async function sealedForm(
  deps: ObjectDeps,
  tenantId: string,
  { fileId, input }: { fileId: string; input: ObjectBeginning['input'] },
): Promise<Form> {
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

async function draft(deps: ObjectDeps, caller: Caller, given: ObjectBeginning & { contentType: string }): Promise<Draft> {
  const { input, policy, contentType, keyOf } = given
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
      ...{ objectKey: keyOf({ id: fileId, createdAt: now }), container, objectSize, entityKeyId, wrappedKey },
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

async function insert(tx: Tx, caller: Caller, { file, upload, alongside }: Draft & Pick<ObjectBeginning, 'alongside'>): Promise<void> {
  await tx.targets.reserve(file.targetId, file.objectSize)
  await tx.files.insert(file)
  await tx.uploads.insert(upload)
  const more = (await alongside?.(tx, file)) ?? {}
  await tx.audit.append({
    ...toldBy(caller),
    action: 'UPLOAD_INITIATED',
    fileId: file.id,
    details: {
      ...{ uploadId: upload.id, name: file.name, size: file.size, tier: file.tier, targetId: file.targetId },
      ...{ objectClass: file.objectClass, ownerEntityType: file.ownerType, ownerEntityId: file.ownerId, delivery: upload.delivery },
      ...more,
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

/** Begins an upload: rows, reservation, the policy in force and the audit entry commit together. */
export async function beginObject(deps: ObjectDeps, caller: Caller, beginning: ObjectBeginning): Promise<Begun> {
  const { store, clock, points } = deps.ingest
  const contentType = requireAcceptable(beginning.policy, beginning.input, deps.settings.maxBytes)
  const drafted = await draft(deps, caller, { ...beginning, contentType })
  const held = await store.transaction(async (tx) => {
    await requireRoom(tx, caller, clock.now())
    await insert(tx, caller, { ...drafted, alongside: beginning.alongside })
    return isUnderHold(tx, drafted.file)
  })
  points.reach('object.initiate.after-commit')
  return { file: drafted.file, upload: viewOf(drafted), held }
}

/**
 * Begins the upload of an object under the policy of its class, then signs its URL. `origin` is where the sender reaches this server.
 */
export async function initiateObject(
  deps: ObjectDeps,
  caller: Caller,
  request: { input: ObjectInitiate; origin: string },
): Promise<ObjectInitiated> {
  const { input, origin } = request
  const { tenantId } = caller
  const policy = await getPolicy({ store: deps.ingest.store, settings: deps.settings }, tenantId, input.objectClass)
  const owner = { tenantId, ownerType: input.ownerEntityType, ownerId: input.ownerEntityId }
  const { file, upload, held } = await beginObject(deps, caller, {
    input,
    policy,
    keyOf: ({ id }) => objectKeyOf({ ...owner, fileId: id }),
  })
  return toAnswer(deps, { ...file, held }, { upload, origin })
}

/** The open upload of an object, which may be given a fresh URL from now on. UPLOAD_CLOSED once it is over. */
export async function reopenUrl(deps: ObjectDeps, upload: UploadView): Promise<UploadView> {
  const { store, clock } = deps.ingest
  if (upload.status !== 'open') throw uploadClosed(upload)
  const now = clock.now()
  const urlExpiresAt = now + deps.settings.uploadUrlSeconds * 1000
  const expiresAt = expiryFrom(now)
  await store.transaction(async (tx) => {
    if (!(await tx.uploads.touch(upload.id, now, expiresAt))) throw uploadClosed({ status: 'aborted' })
    await tx.uploads.extendUrl(upload, urlExpiresAt)
  })
  return { ...upload, urlExpiresAt, expiresAt }
}

/** The same upload again with a fresh URL, for a repetition of the request that began it. UPLOAD_CLOSED once it is over. */
export async function reissueUrl(deps: ObjectDeps, caller: Caller, request: { id: string; origin: string }): Promise<ObjectInitiated> {
  const { read } = deps.ingest.store
  const file = existing(await read.objects.find(caller.tenantId, request.id), 'object')
  const upload = existing(await read.uploads.findOfFile(caller.tenantId, file.id), 'upload')
  return toAnswer(deps, file, { upload: await reopenUrl(deps, upload), origin: request.origin })
}
