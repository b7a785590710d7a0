import type { AuditEntry } from '@holdfast/api'
import { formatBytes } from './format.ts'
import type { Said } from './tones.ts'

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
  DOWNLOAD: 'Downloaded',
  ATTACHMENT_BACKEND_CLEANUP_FAILED: 'Object removal failed',
  ROLE_BOUND: 'Storage role bound',
  TARGET_TESTED: 'Storage target tested',
  JOB_DEAD: 'Background job gave up',
  ACCESS_DENIED: 'Access denied',
}

const codeWords = (code: string): string => code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ')

/** "Created case CASE-2026-003", "Upload completed: disk.img (3.2 GB)". */
export function sayEntry(entry: Pick<AuditEntry, 'action' | 'details'>): string {
  const verb = auditActionWords[entry.action] ?? codeWords(entry.action)
  const { kind, name, size } = entry.details
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const what = [text(kind), text(name)].filter(Boolean).join(' ')
  if (entry.action === 'CREATE' || entry.action === 'UPDATE' || entry.action === 'DELETE') return [verb, what].filter(Boolean).join(' ')
  const sized = typeof size === 'number' && what ? `${what} (${formatBytes(size)})` : what
  return sized ? `${verb}: ${sized}` : verb
}

export const auditResultWords: Record<AuditEntry['result'], Said> = {
  ok: { tone: 'good', label: 'Done', explain: 'It was done.' },
  denied: { tone: 'attention', label: 'Denied', explain: 'It was not allowed and did not happen.' },
  failed: { tone: 'bad', label: 'Failed', explain: 'It was tried and failed.' },
}
