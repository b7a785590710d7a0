import type { AuditEntry } from '@holdfast/api'
import { formatBytes } from './format.ts'
import type { Said } from './tones.ts'
import { visibleName } from './visible-name.ts'

/** Audit actions in plain words. A code that is not here is shown as it is, so new actions of a server never vanish. */
export const auditActionWords: Readonly<Record<string, string>> = {
  SIGN_IN: 'Signed in',
  SIGN_IN_FAILED: 'Sign-in failed',
  SIGN_OUT: 'Signed out',
  CREATE: 'Created',
  UPDATE: 'Changed',
  DELETE: 'Deleted',
  UPLOAD_INITIATED: 'Upload started',
  UPLOAD_COMPLETED: 'Upload completed',
  UPLOAD_FAILED: 'Upload failed',
  UPLOAD_ABORTED: 'Upload cancelled',
  SHA256_COMPUTED: 'Digest verified',
  SHA256_FAILED: 'Verification failed',
  SHA256_MISMATCH: 'Digest differs from what was declared',
  FILE_DAMAGED: 'Found damaged',
  FILE_MOVED: 'Moved to another target',
  FILE_MOVE_FAILED: 'Not moved to another target',
  FILE_MISSING: 'Found missing from its storage',
  FILE_RETURNED: 'Found on its storage again',
  STORAGE_RECONCILED: 'Storage compared with its records',
  STORAGE_CLEANED: 'Objects of no file removed',
  LEFTOVER_REMOVED: 'Object of no file removed',
  DOWNLOAD: 'Downloaded',
  ATTACHMENT_BACKEND_CLEANUP_FAILED: 'Object removal failed',
  ROLE_BOUND: 'Storage role bound',
  SCAN_PASSED: 'Passed its checks',
  SCAN_FAILED: 'Did not pass its checks',
  DOWNLOAD_URL_ISSUED: 'Download address given out',
  OBJECT_DELETED: 'Deleted',
  OBJECT_EXPIRED: 'Expired and deleted',
  HOLD_PLACED: 'Legal hold placed',
  HOLD_RELEASED: 'Legal hold released',
  WEBHOOK_DISABLED: 'Webhook disabled',
  EVIDENCE_READ: 'Looked at by an app',
  EVIDENCE_LINKED: 'Linked to a record',
  EVIDENCE_UNLINKED: 'Unlinked from a record',
  EVIDENCE_VERIFIED: 'Stored object compared',
  EVIDENCE_ARCHIVED: 'Archived',
  TARGET_TESTED: 'Storage target tested',
  JOB_DEAD: 'Background job gave up',
  ACCESS_DENIED: 'Access denied',
  DIRECT_UPLOAD_INIT: 'Direct upload started',
  DIRECT_UPLOAD_COMPLETE: 'Direct upload completed',
  DIRECT_UPLOAD_ABORT: 'Direct upload ended without a file',
  DIRECT_HASH_BROWSER_DECLARED: 'Hash declared by the sender',
  DIRECT_HASH_VERIFIED: 'Declared hash proven',
  DIRECT_HASH_MISMATCH: 'Stored bytes differ from the declared hash',
  DIRECT_HASH_DISK_MISMATCH: 'Found changed on the storage',
  DIRECT_SYNC: 'Synchronized with the storage',
  SHA256_INVALIDATED: 'Hash became stale',
  SHA256_CANCELLED: 'Reading back cancelled',
}

/** Actions of the direct tier, which nothing names while Direct is not bound (R4). */
export const isDirectAction = (action: string): boolean =>
  action.startsWith('DIRECT_') || action === 'SHA256_INVALIDATED' || action === 'SHA256_CANCELLED'

const codeWords = (code: string): string => code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ')

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** What an entry is about, from what its action has to record. */
function subjectOf({ action, details }: Pick<AuditEntry, 'action' | 'details'>, name: string): string {
  if (action === 'ACCESS_DENIED') return text(details.permission)
  if (action === 'ROLE_BOUND') return text(details.role)
  if (action === 'HOLD_PLACED' || action === 'HOLD_RELEASED') return visibleName(text(details.subject))
  if (action === 'WEBHOOK_DISABLED') return text(details.host)
  if (action === 'LEFTOVER_REMOVED') return visibleName(text(details.key))
  if (action === 'JOB_DEAD') return text(details.jobKind)
  return name && typeof details.size === 'number' ? `${name} (${formatBytes(details.size)})` : name
}

/** "Created case CASE-2026-003", "Upload completed: disk.img (3.2 GB)". `fileName` is used where the entry itself holds no name. */
export function sayEntry(entry: Pick<AuditEntry, 'action' | 'details'>, fileName?: string): string {
  const verb = auditActionWords[entry.action] ?? codeWords(entry.action)
  const name = visibleName(text(entry.details.name) || (fileName ?? ''))
  if (entry.action === 'CREATE' || entry.action === 'UPDATE' || entry.action === 'DELETE')
    return [verb, text(entry.details.kind), name].filter(Boolean).join(' ')
  const subject = subjectOf(entry, name)
  return subject ? `${verb}: ${subject}` : verb
}

/** Names of files by their ids, as far as these entries tell: only some actions record the name. */
export function fileNamesIn(entries: readonly Pick<AuditEntry, 'fileId' | 'details'>[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { fileId, details } of entries) if (fileId && text(details.name)) names.set(fileId, text(details.name))
  return names
}

export const auditResultWords: Record<AuditEntry['result'], Said> = {
  ok: { tone: 'good', label: 'Done', explain: 'It was done.' },
  denied: { tone: 'attention', label: 'Denied', explain: 'It was not allowed and did not happen.' },
  failed: { tone: 'bad', label: 'Failed', explain: 'It was tried and failed.' },
}
