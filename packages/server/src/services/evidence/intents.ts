import { createHash } from 'node:crypto'
import { Problem, type UploadIntentCompleted, type UploadIntentCreate, type UploadIntentCreated } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { toIso } from '../../core/clock.ts'
import { assetKey, OWNER_TYPE, ownerIdOf, quarantineKey } from '../../core/evidence-keys.ts'
import { newId } from '../../core/ids.ts'
import { assetPolicy } from '../../core/object-classes.ts'
import { DatabaseConflict } from '../../db/database.ts'
import type { IntentRow } from '../../db/evidence-intents.ts'
import type { FileRow } from '../../db/file-rows.ts'
import type { Tx } from '../../db/store.ts'
import type { UploadView } from '../../db/uploads.ts'
import { existing } from '../caller.ts'
import { requireNoHold } from '../holds/require-no-hold.ts'
import { endUpload } from '../ingest/abort.ts'
import { uploadClosed } from '../ingest/session.ts'
import { completeObject } from '../objects/complete.ts'
import { type Begun, beginObject, type ObjectBeginning, reopenUrl } from '../objects/initiate.ts'
import { uploadRequest } from '../objects/urls.ts'
import type { EvidenceDeps } from './deps.ts'
import { getAsset } from './find-asset.ts'
import { intentStatusOf, toAssetAnswer, toIntentAnswer } from './view.ts'

export type IntentRequest = { readonly input: UploadIntentCreate; readonly idempotencyKey: string | null; readonly origin: string }

/** Who asks for what: the same Idempotency-Key stands for the same of it alone. */
function requestHashOf({ actor }: Caller, input: UploadIntentCreate): string {
  const { app, companyId, kind, filename, contentType, size, checksum, retention } = input
  const asked = [app, companyId ?? null, kind, filename, contentType, size, checksum?.toLowerCase() ?? null, retention ?? null]
  return createHash('sha256')
    .update(JSON.stringify([actor.kind, actor.id, asked]))
    .digest('hex')
}

async function insertAsset(tx: Tx, file: FileRow, input: UploadIntentCreate): Promise<void> {
  const { app, kind, companyId = null } = input
  const { id, tenantId, targetId, objectKey } = file
  const place = { tenantId, app, kind, companyId, assetId: id, filename: file.name, createdAt: file.createdAt }
  const nothingYet = { promotedAt: null, quarantinePurgedAt: null, archivedAt: null, scanStatus: 'pending' } as const
  await tx.assets.insert({
    id,
    tenantId,
    app,
    companyId,
    kind,
    targetId,
    quarantineKey: objectKey,
    finalKey: assetKey(place),
    ...nothingYet,
  })
}

/** An asset and its upload; `keep` writes the row of its intent. */
function begin(
  deps: EvidenceDeps,
  caller: Caller,
  given: { input: UploadIntentCreate; intentId: string; keep: (tx: Tx, file: FileRow) => Promise<void> },
): Promise<Begun> {
  const { input, intentId, keep } = given
  const { app, kind, companyId = null, filename, contentType, size, checksum } = input
  const beginning: ObjectBeginning = {
    input: {
      ...{ ownerEntityType: OWNER_TYPE, ownerEntityId: ownerIdOf(companyId), originalFilename: filename, contentType, fileSize: size },
      ...(checksum === undefined ? {} : { checksums: { sha256: checksum } }),
    },
    policy: assetPolicy(input.retention ?? 'PERMANENT'),
    keyOf: ({ id, createdAt }) => quarantineKey({ tenantId: caller.tenantId, companyId, app, kind, assetId: id, filename, createdAt }),
    async alongside(tx, file) {
      await insertAsset(tx, file, input)
      await keep(tx, file)
      return { intentId, app, companyId, kind }
    },
  }
  return beginObject(deps, caller, beginning)
}

type Current = { readonly intent: IntentRow; readonly upload: UploadView }

async function answer(
  deps: EvidenceDeps,
  caller: Caller,
  given: Current & { origin: string; replayed: boolean },
): Promise<UploadIntentCreated> {
  const { intent, origin, replayed } = given
  const asset = await getAsset(deps.ingest.store.read, caller, intent.assetId)
  const isOpen = intentStatusOf(intent, given.upload) === 'pending' && given.upload.status === 'open'
  const upload = replayed && isOpen ? await reopenUrl(deps, given.upload) : given.upload
  const signed = isOpen ? await uploadRequest(deps, upload, { origin, sha256: asset.file.declaredSha256 }) : null
  return {
    asset: toAssetAnswer(asset),
    intent: toIntentAnswer(intent, upload),
    upload: signed && { url: signed.url, method: 'PUT', headers: signed.headers, expiresAt: toIso(signed.expiresAt) },
    replayed,
  }
}

async function create(deps: EvidenceDeps, caller: Caller, { input, idempotencyKey, origin }: IntentRequest): Promise<UploadIntentCreated> {
  const { clock } = deps.ingest
  const id = newId()
  const made = { id, tenantId: caller.tenantId, idempotencyKey, requestHash: requestHashOf(caller, input), createdAt: clock.now() }
  const rowFor = (assetId: string): IntentRow => ({ ...made, assetId, cancelledAt: null })
  const begun = await begin(deps, caller, { input, intentId: id, keep: (tx, file) => tx.intents.insert(rowFor(file.id)) })
  return answer(deps, caller, { intent: rowFor(begun.file.id), upload: begun.upload, origin, replayed: false })
}

/** Another request with the key was first and has renewed the intent already. */
class Renewed extends Error {}

/** An intent that ended without an asset stands for a new one from now on, so that its key is not stuck. */
async function renew(
  deps: EvidenceDeps,
  caller: Caller,
  given: { intent: IntentRow; request: IntentRequest },
): Promise<UploadIntentCreated> {
  const { intent, request } = given
  const keep = async (tx: Tx, file: FileRow): Promise<void> => {
    if (!(await tx.intents.renew(intent, { from: intent.assetId, to: file.id }))) throw new Renewed()
  }
  const begun = await begin(deps, caller, { input: request.input, intentId: intent.id, keep })
  return answer(deps, caller, {
    intent: { ...intent, assetId: begun.file.id },
    upload: begun.upload,
    origin: request.origin,
    replayed: true,
  })
}

async function getUpload(deps: EvidenceDeps, intent: IntentRow): Promise<UploadView> {
  return existing(await deps.ingest.store.read.uploads.findOfFile(intent.tenantId, intent.assetId), 'upload intent')
}

async function replay(
  deps: EvidenceDeps,
  caller: Caller,
  given: { intent: IntentRow; request: IntentRequest },
): Promise<UploadIntentCreated> {
  const { intent, request } = given
  if (intent.requestHash !== requestHashOf(caller, request.input)) {
    throw new Problem('CONFLICT', 'This Idempotency-Key was used for another request. Use a new key for a new request.')
  }
  const upload = await getUpload(deps, intent)
  if (intentStatusOf(intent, upload) === 'expired') return renew(deps, caller, given)
  return answer(deps, caller, { intent, upload, origin: request.origin, replayed: true })
}

const ATTEMPTS = 5

const isOvertaken = (error: unknown): boolean =>
  error instanceof Renewed || (error instanceof DatabaseConflict && error.constraint === 'evidence_intents_tenant_id_idempotency_key')

/**
 * Makes an asset and an intent to upload it, once for each Idempotency-Key and for as long as the tenant lives: a repetition answers the
 * same intent with a fresh URL, and one whose upload ended without an asset begins anew under the same intent. CONFLICT for another
 * request under the key.
 */
export async function createIntent(deps: EvidenceDeps, caller: Caller, request: IntentRequest): Promise<UploadIntentCreated> {
  for (let attempt = 1; ; attempt += 1) {
    const { intents } = deps.ingest.store.read
    const intent = request.idempotencyKey === null ? null : await intents.findByKey(caller.tenantId, request.idempotencyKey)
    try {
      return intent === null ? await create(deps, caller, request) : await replay(deps, caller, { intent, request })
    } catch (error) {
      if (!isOvertaken(error) || attempt === ATTEMPTS) throw error
    }
  }
}

const getIntent = async (deps: EvidenceDeps, caller: Caller, id: string): Promise<IntentRow> =>
  existing(await deps.ingest.store.read.intents.find(caller.tenantId, id), 'upload intent')

async function toCompleted(deps: EvidenceDeps, caller: Caller, id: string): Promise<UploadIntentCompleted> {
  const intent = await getIntent(deps, caller, id)
  const asset = await getAsset(deps.ingest.store.read, caller, intent.assetId)
  return { asset: toAssetAnswer(asset), intent: toIntentAnswer(intent, await getUpload(deps, intent)) }
}

const over = (status: string): Problem =>
  new Problem('UPLOAD_CLOSED', `This upload intent is ${status}. Make a new one, or repeat the request with the same Idempotency-Key.`, {
    extra: { intentStatus: status },
  })

/**
 * Size and checksum of what is stored are compared with what was declared, by reading it; then the asset is uploaded, and verified in the
 * background. Repeatable. CHECKSUM_MISMATCH once the object is gone for it.
 */
export async function completeIntent(
  deps: EvidenceDeps,
  caller: Caller,
  request: { id: string; checksum: string | undefined },
): Promise<UploadIntentCompleted> {
  const intent = await getIntent(deps, caller, request.id)
  const status = intentStatusOf(intent, await getUpload(deps, intent))
  if (status === 'expired' || status === 'cancelled') throw over(status)
  if (status === 'pending') {
    const declared = request.checksum === undefined ? {} : { checksums: { sha256: request.checksum } }
    await completeObject(deps, caller, { id: intent.assetId, declared })
  }
  const completed = await toCompleted(deps, caller, intent.id)
  const known = completed.asset.checksum ?? completed.asset.declaredChecksum
  if (request.checksum !== undefined && known !== null && request.checksum.toLowerCase() !== known)
    throw new Problem('CONFLICT', 'This intent was completed with another checksum. Make a new intent where the bytes are other ones.')
  return completed
}

/** Ends an open intent; its asset is deleted. Repeatable. UPLOAD_CLOSED where it is over otherwise; LEGAL_HOLD where a hold covers it. */
export async function cancelIntent(deps: EvidenceDeps, caller: Caller, id: string): Promise<UploadIntentCompleted> {
  const { store, clock, attempts, points } = deps.ingest
  const intent = await getIntent(deps, caller, id)
  if (intent.cancelledAt !== null) return toCompleted(deps, caller, id)
  const upload = await getUpload(deps, intent)
  const at = clock.now()
  await store.transaction(async (tx) => {
    await requireNoHold(tx, { ...upload, id: upload.fileId })
    await tx.intents.cancel(intent, at)
    const by = { actor: caller.actor, requestId: caller.requestId, reason: 'cancelled', at }
    if (!(await endUpload(tx, upload, by))) throw uploadClosed((await tx.uploads.find(upload.tenantId, upload.id)) ?? upload)
  })
  points.reach('upload.abort.after-commit')
  await attempts.stop(upload.id)
  return toCompleted(deps, caller, id)
}
