import type { File, Part, UploadSession } from '@holdfast/api'
import { toIso, toIsoOrNull } from '../core/clock.ts'
import type { FileView } from '../db/file-rows.ts'
import type { StoredPart } from '../db/upload-parts.ts'
import type { UploadView } from '../db/uploads.ts'

/** A file as the API shows it: without keys, wraps and the place of its object. `hashing` is the task that reads it, if one does. */
export const toFile = (row: FileView, hashing: File['hashing'] = null): File => ({
  id: row.id,
  caseId: row.caseId,
  itemId: row.itemId,
  tier: row.tier,
  name: row.name,
  contentType: row.contentType,
  size: row.size,
  status: row.status,
  statusReason: row.statusReason,
  syncing: row.syncTargetId !== null && row.syncTargetRemovedAt === null,
  syncTarget:
    row.syncTargetId === null ? null : { id: row.syncTargetId, name: row.syncTargetName ?? '', removed: row.syncTargetRemovedAt !== null },
  sha256: row.sha256,
  declaredSha256: row.declaredSha256,
  verifiedAt: toIsoOrNull(row.verifiedAt),
  target: { id: row.targetId, name: row.targetName, kind: row.targetKind, removed: row.targetRemovedAt !== null },
  uploadedBy: row.uploadedBy,
  createdAt: toIso(row.createdAt),
  readyAt: toIsoOrNull(row.readyAt),
  uploadId: row.uploadId,
  version: row.version,
  hashState: row.hashState,
  diskSha256: row.diskSha256,
  atRest: row.atRest,
  discovered: row.discovered,
  missingSince: toIsoOrNull(row.missingAt),
  held: row.held,
  hashing,
})

export const toPart = (part: Pick<StoredPart, 'number' | 'size' | 'sha256' | 'storedAt'>): Part => ({
  number: part.number,
  size: part.size,
  sha256: part.sha256,
  storedAt: toIso(part.storedAt),
})

export const toSession = (row: UploadView, parts: readonly StoredPart[]): UploadSession => ({
  id: row.id,
  fileId: row.fileId,
  caseId: row.caseId,
  itemId: row.itemId,
  name: row.name,
  tier: row.tier,
  delivery: row.delivery,
  size: row.size,
  partSize: row.partSize,
  partCount: row.partCount,
  status: row.status,
  receivedParts: parts.map(toPart),
  receivedBytes: parts.reduce((sum, part) => sum + part.size, 0),
  createdAt: toIso(row.createdAt),
  expiresAt: toIso(row.expiresAt),
})
