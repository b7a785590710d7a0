import type { MalwareVerdict, StoredObject } from '@holdfast/api'
import { count } from '../../ui/format.ts'
import type { Said } from '../../ui/tones.ts'

export type LiveStatus = Exclude<StoredObject['status'], 'DELETED'>

/** Each status of a file that an app stored. */
export const objectStatusWords: Record<StoredObject['status'], Said> = {
  PENDING_UPLOAD: {
    tone: 'working',
    label: 'Waiting for its bytes',
    explain: 'The app began this upload and has not completed it yet. What is never completed is cleaned up by itself.',
  },
  SCANNING: { tone: 'working', label: 'Being checked', explain: 'All bytes are here. They are read, validated and scanned now.' },
  READY: { tone: 'good', label: 'Ready', explain: 'It passed its checks and can be downloaded.' },
  REJECTED: { tone: 'bad', label: 'Rejected', explain: 'It did not pass its checks. Nobody can download it.' },
  FAILED: { tone: 'bad', label: 'Failed', explain: 'What arrived was not what the app had announced. The app has to upload it again.' },
  DAMAGED: {
    tone: 'bad',
    label: 'Damaged',
    explain: 'A later read found the stored object changed or gone. Restore it from a backup.',
  },
  DELETED: { tone: 'neutral', label: 'Deleted', explain: 'Row and object were removed.' },
}

const missing: Said = {
  tone: 'bad',
  label: 'Missing',
  explain:
    'Its object was not at its storage target when that was compared with its records. Put the object back there, or restore it from a backup.',
}

/** Its status, unless it is known that there is nothing to read. */
export const sayObject = ({ status, missingSince }: Pick<StoredObject, 'status' | 'missingSince'>): Said =>
  missingSince !== null && (status === 'READY' || status === 'DAMAGED') ? missing : objectStatusWords[status]

/** What there is to filter by; deleted ones are in no list. */
export const objectStatusNames = (Object.keys(objectStatusWords) as StoredObject['status'][]).filter(
  (status): status is LiveStatus => status !== 'DELETED',
)

export const isSettling = ({ status }: Pick<StoredObject, 'status'>): boolean => status === 'PENDING_UPLOAD' || status === 'SCANNING'

/** Whether it counts for its owner, for those that are ready. */
export function sayVersion({ status, isCurrent, supersededBy }: Pick<StoredObject, 'status' | 'isCurrent' | 'supersededBy'>): Said | null {
  if (isCurrent) return { tone: 'neutral', label: 'Current', explain: 'It is what counts for its owner now.' }
  if (supersededBy !== null) return { tone: 'neutral', label: 'Superseded', explain: 'A newer version took its place.' }
  return status === 'READY' ? { tone: 'neutral', label: 'Not current', explain: 'It does not count for its owner.' } : null
}

export const protectionWords: Record<StoredObject['protection'], string> = {
  sealed: 'Sealed by Holdfast with AES-256-GCM, under a key of its own',
  'sse-kms': 'Encrypted by the bucket under a KMS key (SSE-KMS)',
  'sse-s3': 'Encrypted by the bucket (SSE-S3, AES-256)',
  storage: 'As the storage protects it; it told of no encryption',
}

/** What the scan for malware said, never more than it said. Null before there was one. */
export function sayMalware(malware: MalwareVerdict | null, status: StoredObject['status']): Said | null {
  if (malware === null) return null
  const { verdict, signature, reason, engine } = malware
  if (verdict === 'clean') return { tone: 'good', label: 'No malware found', explain: `${engine ?? 'The scanner'} knew none in it.` }
  if (verdict === 'infected')
    return {
      tone: 'bad',
      label: `Malware: ${signature ?? 'unnamed'}`,
      explain:
        status === 'READY'
          ? 'Its class keeps it all the same. It is handed out as an attachment only; handle it with care.'
          : 'It was rejected for that.',
    }
  return { tone: reason === 'off' ? 'neutral' : 'attention', label: 'Not scanned for malware', explain: sayNotScanned(reason) }
}

const notScannedWords: Readonly<Record<string, string>> = {
  off: 'No malware scanner is set up on this server.',
  'too-large': 'It, or a file in it, is larger than the scanner takes.',
  'archive-bomb': 'It unpacks to more than the scanner follows.',
  encrypted: 'It is locked with a password, which the scanner does not have.',
  'too-slow': 'The scan took longer than the scanner allows.',
  'engine-away': 'The scanner did not answer.',
  'engine-settings': 'The scanner is set up so that it passes over some files; its word was not taken.',
  'engine-error': 'The scanner answered with an error.',
}

/** Reasons of newer servers are shown as they are. */
const sayNotScanned = (reason: string | null): string =>
  reason === null ? 'The scanner did not say why.' : (notScannedWords[reason] ?? `The scanner says: ${reason}.`)

/** Why it is as it is, short enough for a row; the page of the file has all of it. */
export function sayReasonInShort({ statusReason, validation }: Pick<StoredObject, 'statusReason' | 'validation'>): string | null {
  const [first, ...others] = validation ?? []
  if (!first) return statusReason
  return others.length === 0 ? first.message : `${first.message} And ${count(others.length, 'more reason')}.`
}

/** Whether there are bytes to hand out. */
export const isDownloadable = ({ status }: Pick<StoredObject, 'status'>): boolean => status === 'READY'

/** Assets of the evidence contract carry this class; each stands for itself, and is linked to records. */
export const isAsset = ({ objectClass }: Pick<StoredObject, 'objectClass'>): boolean => objectClass === 'EVIDENCE_ASSET'
