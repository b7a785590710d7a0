import type { AccessEvent, AccessEventKind, AccessEventQuery, PageOf } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import type { AuditAction } from '../../core/audit-actions.ts'
import { toIso } from '../../core/clock.ts'
import type { StoredEntry } from '../../db/audit-log.ts'
import { fromCursor, rowsFor, toPage } from '../pages.ts'
import type { EvidenceDeps } from './deps.ts'
import { getAsset } from './find-asset.ts'

/** The entries of the log that are access events, and as what. */
const kinds = {
  EVIDENCE_READ: 'read',
  DOWNLOAD_URL_ISSUED: 'sign',
  DOWNLOAD: 'download',
  EVIDENCE_LINKED: 'link',
  EVIDENCE_UNLINKED: 'unlink',
  EVIDENCE_VERIFIED: 'verify',
} as const satisfies Partial<Record<AuditAction, AccessEventKind>>

const actions = Object.keys(kinds)

const toEvent = (entry: StoredEntry): AccessEvent => ({
  id: entry.id,
  kind: kinds[entry.action as keyof typeof kinds],
  at: toIso(entry.at),
  result: entry.result,
  actor: { kind: entry.actor.kind, id: entry.actor.id, name: entry.actor.name },
  requestId: entry.requestId,
  details: JSON.parse(entry.details) as Record<string, unknown>,
})

/** Who read, signed, downloaded, linked, unlinked and verified an asset, newest first, out of the audit log: it outlives the asset. */
export async function listAccessEvents(
  deps: EvidenceDeps,
  caller: Caller,
  { id, query }: { id: string; query: AccessEventQuery },
): Promise<PageOf<AccessEvent>> {
  const { read } = deps.ingest.store
  await getAsset(read, caller, id)
  const page = { limit: rowsFor(query), before: fromCursor(query.cursor) ?? undefined }
  return toPage(await read.audit.list(caller.tenantId, { fileId: id, actions }, page), query, toEvent)
}
