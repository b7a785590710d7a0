import type {
  AccessEvent,
  AccessEventQuery,
  Asset,
  AssetLink,
  AssetLinkCreate,
  AssetLinkQuery,
  AssetQuery,
  EvidenceReport,
  PageOf,
  SignDownload,
  SignedDownload,
  UploadIntentCompleted,
  UploadIntentCreated,
} from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { requireVersion, toldBy } from './caller.ts'
import { listAccessEvents } from './evidence/access-events.ts'
import type { EvidenceDeps } from './evidence/deps.ts'
import { getAsset, requireStatus, statusOf } from './evidence/find-asset.ts'
import { cancelIntent, completeIntent, createIntent, type IntentRequest } from './evidence/intents.ts'
import { linkAsset, listLinks, unlinkAsset } from './evidence/links.ts'
import { reportEvidence } from './evidence/report.ts'
import { type VerifyAsset, verifyAsset } from './evidence/verify.ts'
import { toAssetAnswer } from './evidence/view.ts'
import { issueDownloadUrl } from './objects/download.ts'
import { fromCursor, rowsFor, toPage } from './pages.ts'

/** The evidence contract: apps own meaning, this server owns bytes (docs/spec/evidence.md). */
export interface EvidenceService {
  createIntent(caller: Caller, request: IntentRequest): Promise<UploadIntentCreated>
  completeIntent(caller: Caller, request: { id: string; checksum: string | undefined }): Promise<UploadIntentCompleted>
  cancelIntent(caller: Caller, id: string): Promise<UploadIntentCompleted>
  /** Newest first. */
  list(caller: Caller, query: AssetQuery): Promise<PageOf<Asset>>
  /** A deleted one too. An access event. */
  get(caller: Caller, id: string): Promise<Asset>
  link(caller: Caller, request: { id: string; input: AssetLinkCreate }): Promise<{ link: AssetLink; isNew: boolean }>
  links(caller: Caller, request: { id: string; query: AssetLinkQuery }): Promise<PageOf<AssetLink>>
  unlink(caller: Caller, at: { id: string; linkId: string }): Promise<void>
  signDownload(caller: Caller, request: { id: string; origin: string } & SignDownload): Promise<SignedDownload>
  verify: VerifyAsset
  accessEvents(caller: Caller, request: { id: string; query: AccessEventQuery }): Promise<PageOf<AccessEvent>>
  /** Nothing is linked to it any more; it can still be read. Repeatable. */
  archive(caller: Caller, id: string, expectedVersion: number | null): Promise<Asset>
  /** Repeatable. LEGAL_HOLD where a hold covers it. */
  remove(caller: Caller, id: string, expectedVersion: number | null): Promise<void>
  report(caller: Caller): Promise<EvidenceReport>
}

async function archive(deps: EvidenceDeps, caller: Caller, at: { id: string; expectedVersion: number | null }): Promise<Asset> {
  const { store, clock } = deps.ingest
  await store.transaction(async (tx) => {
    const asset = await getAsset(tx, caller, at.id)
    if (statusOf(asset) === 'archived') return
    requireStatus(asset, ['verified'])
    requireVersion(asset.file, at.expectedVersion)
    await tx.assets.archive(asset, clock.now())
    await tx.files.bump(asset)
    const details = { name: asset.file.name }
    await tx.audit.append({ ...toldBy(caller), fileId: asset.id, action: 'EVIDENCE_ARCHIVED', details })
  })
  return toAssetAnswer(await getAsset(store.read, caller, at.id))
}

async function signDownload(
  deps: EvidenceDeps,
  caller: Caller,
  { id, origin, disposition = 'attachment' }: { id: string; origin: string } & SignDownload,
): Promise<SignedDownload> {
  const asset = await getAsset(deps.ingest.store.read, caller, id)
  requireStatus(asset, ['verified', 'archived'])
  const { downloadUrl, expiresAt, contentType, originalFilename } = await issueDownloadUrl(deps, caller, { id, origin, disposition })
  return { url: downloadUrl, expiresAt, filename: originalFilename, contentType, size: asset.file.size, checksum: asset.file.sha256 ?? '' }
}

export function evidenceService(deps: EvidenceDeps): EvidenceService {
  const { store } = deps.ingest
  return {
    createIntent: (caller, request) => createIntent(deps, caller, request),
    completeIntent: (caller, request) => completeIntent(deps, caller, request),
    cancelIntent: (caller, id) => cancelIntent(deps, caller, id),
    async list({ tenantId }, query) {
      const { app, companyId, kind, status } = query
      const page = { before: fromCursor(query.cursor), limit: rowsFor(query) }
      return toPage(await store.read.assets.list({ tenantId, app, companyId, kind, status }, page), query, toAssetAnswer)
    },
    get: (caller, id) =>
      store.transaction(async (tx) => {
        const asset = await getAsset(tx, caller, id)
        const details = { name: asset.file.name, status: statusOf(asset) }
        await tx.audit.append({ ...toldBy(caller), fileId: id, action: 'EVIDENCE_READ', details })
        return toAssetAnswer(asset)
      }),
    link: (caller, request) => linkAsset(deps, caller, request),
    links: (caller, request) => listLinks(deps, caller, request),
    unlink: (caller, at) => unlinkAsset(deps, caller, at),
    signDownload: (caller, request) => signDownload(deps, caller, request),
    verify: verifyAsset(deps),
    accessEvents: (caller, request) => listAccessEvents(deps, caller, request),
    archive: (caller, id, expectedVersion) => archive(deps, caller, { id, expectedVersion }),
    async remove(caller, id, expectedVersion) {
      const asset = await getAsset(store.read, caller, id)
      if (asset.file.status !== 'DELETED') await deps.files.remove(caller, id, expectedVersion)
    },
    report: (caller) => reportEvidence(deps, caller),
  }
}
