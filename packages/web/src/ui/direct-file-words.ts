import type { HashState, File as StoredFile } from '@holdfast/api'
import type { Said } from './tones.ts'

type DirectFacts = Pick<StoredFile, 'status' | 'statusReason' | 'hashState' | 'discovered' | 'missingSince'>

/** Statuses that say something else of a file that lies on its storage as it is, unsealed. */
const statusWords: Partial<Record<StoredFile['status'], Said>> = {
  SCANNING: {
    tone: 'working',
    label: 'Verifying',
    explain: 'Stored. It can be downloaded once its hash is settled.',
  },
  REJECTED: { tone: 'bad', label: 'Error', explain: 'The content did not pass its checks. Delete the row, or upload another file.' },
  FAILED: {
    tone: 'bad',
    label: 'Error',
    next: 'Upload it again',
    explain: 'The stored object was not what the browser sent, and was removed. Upload the file again, or delete the row.',
  },
  DAMAGED: {
    tone: 'bad',
    label: 'Damaged',
    next: 'Restore it, then Re-verify',
    explain: 'The stored object can no longer be read as it was. Restore it on the storage, then choose Re-verify.',
  },
}

const missing: Said = {
  tone: 'bad',
  label: 'Missing',
  next: 'Put it back, then Sync',
  explain:
    'Sync no longer found its object on the storage. A legal hold keeps the row. Put the object back under its name there, then Sync again.',
}

const discovered: Said = {
  tone: 'neutral',
  label: 'Discovered',
  explain: 'Sync found it on the storage, where others put it. Nothing is known of its hash yet: choose Calculate to read it back.',
}

const readyWords: Record<HashState, Said> = {
  none: {
    tone: 'neutral',
    label: 'No hash yet',
    explain: 'Stored, but its hash is not known. It can be downloaded once it is: choose Calculate to read it back.',
  },
  declared: {
    tone: 'good',
    label: 'Ready',
    explain: 'The sender’s browser computed its hash while sending it. Re-verify reads the stored object back and proves it.',
  },
  computed: { tone: 'good', label: 'Ready', explain: 'The stored object was read back to its end; its hash is proven.' },
  stale: {
    tone: 'attention',
    label: 'Stale',
    next: 'Changed since: Recompute',
    explain: 'The stored object changed since its hash was computed; the hash shown is the old one. Choose Recompute to learn the new one.',
  },
  mismatch: {
    tone: 'bad',
    label: 'Disk mismatch',
    next: 'Open it to see both hashes',
    explain:
      'The stored object does not hold what its hash says. Both hashes are kept. Find out who changed it, restore the object on the storage, then choose Re-verify.',
  },
}

/** The row state of a file in Direct Storage that nobody is reading back now (D5); null where its status means the same in every tier. */
export function sayDirectFile({ status, statusReason, hashState, discovered: found, missingSince }: DirectFacts): Said | null {
  if (status !== 'READY') return statusWords[status] ?? null
  if (missingSince !== null) return missing
  const said = hashState === 'none' && found ? discovered : readyWords[hashState]
  // A reason stays on a file that is there where reading it back failed; stale and mismatch have their own word on what to do.
  return statusReason === null || said.next ? said : { ...said, tone: 'attention', next: 'Reading back failed; open it to see why' }
}

/** What is known of the SHA-256, for the details of a file. */
export const hashStateWords: Record<HashState, string> = {
  none: 'Nothing is known of it yet',
  declared: 'Declared by the sender’s browser, not read back since',
  computed: 'Read back from the storage and proven',
  stale: 'Old: the stored object changed since',
  mismatch: 'The stored object holds something else',
}

export type HashAction = { readonly label: 'Calculate' | 'Recompute' | 'Re-verify'; readonly explain: string }

/** What reading the object back is called, by what is known already (D10). */
export function hashActionFor(state: HashState): HashAction {
  if (state === 'none') return { label: 'Calculate', explain: 'Reads the stored object and computes its SHA-256' }
  if (state === 'stale') return { label: 'Recompute', explain: 'Reads the changed object and computes its SHA-256 anew' }
  return { label: 'Re-verify', explain: 'Reads the stored object again and compares its SHA-256' }
}

/** Protection at rest as the storage told it when the object was written. */
export const sayAtRest = (atRest: StoredFile['atRest']): string =>
  atRest === 'sse-kms'
    ? 'Encrypted by the storage under a KMS key (SSE-KMS)'
    : atRest === 'sse-s3'
      ? 'Encrypted by the storage (SSE-S3, AES-256)'
      : 'The storage told of none'
