import type { StoredObject } from '@holdfast/api'
import { toIso, toIsoOrNull } from '../../core/clock.ts'
import type { ObjectRow } from '../../db/objects.ts'

/** An object as the API shows it: without keys, wraps and the target that it lies at. */
export const toStoredObject = (row: ObjectRow): StoredObject => ({
  id: row.id,
  storageKey: row.objectKey,
  status: row.status,
  statusReason: row.statusReason,
  objectClass: row.objectClass ?? '',
  ownerEntityType: row.ownerType ?? '',
  ownerEntityId: row.ownerId ?? '',
  originalFilename: row.name,
  contentType: row.contentType,
  fileSize: row.size,
  isCurrent: row.isCurrent,
  held: row.held,
  retention: row.retention ?? 'PERMANENT',
  expiresAt: toIsoOrNull(row.expiresAt),
  checksums: { sha256: row.sha256 },
  protection: row.container === null ? (row.atRest ?? 'storage') : 'sealed',
  validation: row.validation && [...row.validation],
  malware: row.malware,
  missingSince: toIsoOrNull(row.missingAt),
  supersededBy: row.supersededBy,
  uploadedBy: row.uploadedBy,
  createdAt: toIso(row.createdAt),
  readyAt: toIsoOrNull(row.readyAt),
  version: row.version,
})
