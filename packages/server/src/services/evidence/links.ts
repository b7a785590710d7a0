import type { AssetLink, AssetLinkCreate, AssetLinkQuery, PageOf } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { newId } from '../../core/ids.ts'
import type { LinkRow } from '../../db/evidence-links.ts'
import type { Tx } from '../../db/store.ts'
import { existing, toldBy } from '../caller.ts'
import { fromCursor, rowsFor, toPage } from '../pages.ts'
import type { EvidenceDeps } from './deps.ts'
import { getAsset, requireStatus } from './find-asset.ts'
import { toLinkAnswer } from './view.ts'

const toldOf = (link: LinkRow) => ({
  ...{ linkId: link.id, app: link.app, companyId: link.companyId, sourceType: link.sourceType, sourceId: link.sourceId, kind: link.kind },
})

async function add(tx: Tx, caller: Caller, link: LinkRow): Promise<LinkRow> {
  requireStatus(await getAsset(tx, caller, link.assetId), ['verified'])
  const there = await tx.links.findSole(link)
  if (there) return there
  if (!(await tx.links.add(link))) return existing(await tx.links.findSole(link), 'link')
  await tx.audit.append({ ...toldBy(caller), fileId: link.assetId, action: 'EVIDENCE_LINKED', details: toldOf(link) })
  return link
}

/** Links a verified asset to a record of an app; the link that is there already is answered again. */
export async function linkAsset(
  deps: EvidenceDeps,
  caller: Caller,
  request: { id: string; input: AssetLinkCreate },
): Promise<{ link: AssetLink; isNew: boolean }> {
  const { store, clock } = deps.ingest
  const { app, companyId = null, sourceType, sourceId, kind } = request.input
  const made = { id: newId(), tenantId: caller.tenantId, createdBy: caller.actor.name, createdAt: clock.now() }
  const link: LinkRow = { ...made, assetId: request.id, app, companyId, sourceType, sourceId, kind }
  const kept = await store.transaction((tx) => add(tx, caller, link))
  return { link: toLinkAnswer(kept), isNew: kept.id === link.id }
}

/** Newest first; those of a deleted asset too. */
export async function listLinks(
  deps: EvidenceDeps,
  caller: Caller,
  { id, query }: { id: string; query: AssetLinkQuery },
): Promise<PageOf<AssetLink>> {
  const { read } = deps.ingest.store
  await getAsset(read, caller, id)
  const page = { before: fromCursor(query.cursor), limit: rowsFor(query) }
  return toPage(await read.links.list({ tenantId: caller.tenantId, assetId: id }, page), query, toLinkAnswer)
}

export async function unlinkAsset(deps: EvidenceDeps, caller: Caller, at: { id: string; linkId: string }): Promise<void> {
  await deps.ingest.store.transaction(async (tx) => {
    const link = existing(await tx.links.find({ tenantId: caller.tenantId, assetId: at.id, id: at.linkId }), 'link')
    await tx.links.delete(link)
    await tx.audit.append({ ...toldBy(caller), fileId: link.assetId, action: 'EVIDENCE_UNLINKED', details: toldOf(link) })
  })
}
