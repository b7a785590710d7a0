/**
 * THE table of audit actions: each with the details that an entry must carry (A1). `append` rejects an entry
 * without them, and a test holds docs/spec/audit.md to this table.
 */
export const auditActions = {
  SIGN_IN: ['method'],
  SIGN_IN_FAILED: ['method'],
  SIGN_OUT: [],
  /** Something was made: `kind` is case, item, member, token, target, tenant. */
  CREATE: ['kind', 'name'],
  UPDATE: ['kind', 'changed'],
  DELETE: ['kind', 'name'],
  UPLOAD_INITIATED: ['uploadId', 'name', 'size', 'tier', 'targetId'],
  UPLOAD_COMPLETED: ['uploadId', 'name', 'size', 'parts', 'declaredSha256'],
  UPLOAD_FAILED: ['uploadId', 'name', 'reason'],
  UPLOAD_ABORTED: ['uploadId', 'name', 'receivedBytes', 'reason'],
  DIRECT_UPLOAD_INIT: ['uploadId', 'name', 'size', 'targetId', 'key', 'delivery'],
  DIRECT_UPLOAD_COMPLETE: ['uploadId', 'name', 'size', 'parts', 'declaredSha256', 'targetId', 'key', 'delivery', 'atRest'],
  DIRECT_UPLOAD_ABORT: ['uploadId', 'name', 'receivedBytes', 'reason'],
  /** What the sender says that it sent; nobody has compared it yet. */
  DIRECT_HASH_BROWSER_DECLARED: ['declaredSha256', 'size'],
  /** A fresh upload was read back and is what the sender declared. */
  DIRECT_HASH_VERIFIED: ['sha256', 'size'],
  /** A fresh upload was read back and is not what the sender declared; the object goes. */
  DIRECT_HASH_MISMATCH: ['declaredSha256', 'computedSha256', 'key'],
  SHA256_COMPUTED: ['sha256', 'size', 'declaredSha256'],
  SHA256_FAILED: ['reason'],
  /** The bytes read back differ from what the sender declared. */
  SHA256_MISMATCH: ['declaredSha256', 'computedSha256'],
  /** The object changed since its digest was computed or declared; the digest is kept. */
  SHA256_INVALIDATED: ['sha256', 'reason', 'size', 'previousSize'],
  SHA256_CANCELLED: ['bytes', 'size'],
  /** An object read again holds something else than its digest says. Both digests and the file are kept. */
  DIRECT_HASH_DISK_MISMATCH: ['sha256', 'diskSha256', 'size'],
  /** Records and storage were reconciled in one scope; `names` holds the first of each kind. */
  DIRECT_SYNC: ['syncId', 'outcome', 'targetId', 'added', 'removed', 'unchanged', 'changed', 'missing', 'skipped', 'names'],
  /** What lies at a target was compared with its records, both ways. */
  STORAGE_RECONCILED: [
    'reconciliationId',
    'outcome',
    'targetId',
    'objects',
    'files',
    'leftover',
    'unrecorded',
    'unclear',
    'missing',
    'returned',
    'size',
  ],
  /** The objects that a reconciliation found to be of no file were removed, or kept. */
  STORAGE_CLEANED: ['reconciliationId', 'outcome', 'targetId', 'includeUnrecorded', 'removed', 'kept'],
  /** An object of no file is removed; what cannot be removed after all tells `ATTACHMENT_BACKEND_CLEANUP_FAILED`. */
  LEFTOVER_REMOVED: ['reconciliationId', 'targetId', 'key', 'size', 'kind'],
  /** The object of a file was not at its target, or is there again. */
  FILE_MISSING: ['reconciliationId', 'targetId', 'name'],
  FILE_RETURNED: ['reconciliationId', 'targetId', 'name'],
  FILE_DAMAGED: ['reason', 'offset'],
  /** Validation and the malware scan of an object found nothing against it. */
  SCAN_PASSED: ['name', 'objectClass', 'sha256', 'malware', 'supersededIds'],
  SCAN_FAILED: ['name', 'objectClass', 'sha256', 'malware', 'reasons'],
  DOWNLOAD_URL_ISSUED: ['name', 'delivery', 'disposition', 'expiresAt'],
  OBJECT_DELETED: ['name', 'objectClass', 'ownerEntityType', 'ownerEntityId'],
  OBJECT_EXPIRED: ['name', 'objectClass', 'ownerEntityType', 'ownerEntityId', 'retention', 'expiredAt'],
  /** Somebody looked at an asset of the evidence contract. */
  EVIDENCE_READ: ['name', 'status'],
  EVIDENCE_LINKED: ['linkId', 'app', 'sourceType', 'sourceId', 'kind'],
  EVIDENCE_UNLINKED: ['linkId', 'app', 'sourceType', 'sourceId', 'kind'],
  /** The stored object of an asset was read and compared with what is recorded of it: before it is promoted, and whenever someone asks. */
  EVIDENCE_VERIFIED: ['name', 'sha256', 'diagnostics'],
  EVIDENCE_ARCHIVED: ['name'],
  DOWNLOAD: ['tier', 'delivery', 'sha256', 'range'],
  ATTACHMENT_BACKEND_CLEANUP_FAILED: ['targetId', 'key', 'reason'],
  FILE_MOVED: ['name', 'fromTargetId', 'toTargetId', 'bytes', 'objectSha256', 'migrationId'],
  FILE_MOVE_FAILED: ['name', 'fromTargetId', 'toTargetId', 'reason', 'migrationId'],
  MIGRATION_STARTED: ['migrationId', 'fromTargetId', 'toTargetId', 'files', 'bytes'],
  MIGRATION_PAUSED: ['migrationId'],
  MIGRATION_RESUMED: ['migrationId'],
  MIGRATION_ENDED: ['migrationId', 'outcome', 'moved', 'failed', 'skipped'],
  HOLD_PLACED: ['holdId', 'scope', 'subject', 'reason'],
  HOLD_RELEASED: ['holdId', 'scope', 'subject', 'reason', 'placedReason'],
  /** An endpoint that failed for days, or said that it is gone. */
  WEBHOOK_DISABLED: ['webhookId', 'host', 'reason'],
  ROLE_BOUND: ['role', 'targetId'],
  TARGET_TESTED: ['targetId', 'ok', 'failedStep'],
  JOB_DEAD: ['jobId', 'jobKind', 'reason'],
  /** Parts of an entry (actor, subject, details) were erased; its leaf stays verifiable. */
  ENTRY_REDACTED: ['entryId', 'parts', 'reason'],
  ACCESS_DENIED: ['method', 'route', 'permission'],
} as const satisfies Record<string, readonly string[]>

export type AuditAction = keyof typeof auditActions
export type AuditResult = 'ok' | 'denied' | 'failed'
