import type { File as StoredFile } from '@holdfast/api'
import { sayDirectFile } from './direct-file-words.ts'
import { formatPercent } from './format.ts'
import type { Said } from './tones.ts'

/** Each file status in plain words. */
export const fileStatusWords: Record<StoredFile['status'], Said> = {
  PENDING_UPLOAD: { tone: 'working', label: 'Uploading', explain: 'Its bytes are still arriving.' },
  SCANNING: { tone: 'working', label: 'Verifying', explain: 'Stored and sealed. Every byte is being read back and checked.' },
  READY: { tone: 'good', label: 'Ready', explain: 'Read back from storage and proven equal to what was sent.' },
  REJECTED: { tone: 'bad', label: 'Rejected', explain: 'The content did not pass its checks.' },
  FAILED: { tone: 'bad', label: 'Failed', explain: 'The stored bytes are not what was sent. Upload the file again.' },
  DAMAGED: {
    tone: 'bad',
    label: 'Damaged',
    explain: 'A later read found the stored object changed. Restore the object from a backup, then choose Verify again.',
  },
  DELETED: { tone: 'neutral', label: 'Deleted', explain: 'Row and object were removed.' },
}

export type FileFacts = Pick<
  StoredFile,
  'status' | 'statusReason' | 'syncing' | 'syncTarget' | 'target' | 'tier' | 'hashState' | 'discovered' | 'missingSince' | 'hashing'
>

const orphaned: Said = {
  tone: 'attention',
  label: 'Orphaned: target removed',
  next: 'Make the target again',
  explain: 'Its storage target was removed. Make the same target again to get the file back, or delete the row.',
}

/** Null where nothing keeps the file from where it belongs. */
function sayOnItsWay({ status, syncing, syncTarget }: FileFacts): Said | null {
  if (status !== 'READY' || syncTarget === null) return null
  if (syncing)
    return {
      tone: 'working',
      label: 'Syncing to backend',
      explain: `Sealed and proven on this server, and on its way to ${syncTarget.name}. It can be downloaded meanwhile.`,
    }
  return {
    tone: 'attention',
    label: 'Kept on this server',
    explain: `Sealed, proven and readable on this server. ${syncTarget.name}, where it was to go, was deleted; making that target again takes the sync up.`,
  }
}

/** A file whose target was removed says so before anything else: it can't be read whatever its status. */
export function sayFileStatus(file: FileFacts, locale?: string): Said {
  if (file.status === 'DELETED') return fileStatusWords.DELETED
  if (file.target.removed) return orphaned
  if (file.hashing)
    return { ...sayReading(file), label: `${sayReading(file).label} ${formatPercent(file.hashing.bytes, file.hashing.size, locale)}` }
  const onItsWay = sayOnItsWay(file)
  if (onItsWay) return onItsWay
  const said = (file.tier === 'direct' ? sayDirectFile(file) : null) ?? fileStatusWords[file.status]
  return file.statusReason ? { ...said, explain: `${sentence(file.statusReason)} ${said.explain}` } : said
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

const verifyingStops =
  'It can be downloaded after that. Cancel stops it: the file stays, with the hash that its sender declared, and can be re-verified at any time.'

/** What reading the stored object back is for, by what was known before. */
function sayReading({ tier, status, hashState }: FileFacts): Said {
  const explain = 'The stored object is being read to its end.'
  if (status === 'SCANNING' && tier === 'direct') return { tone: 'working', label: 'Verifying', explain: `${explain} ${verifyingStops}` }
  if (status === 'SCANNING') return { ...fileStatusWords.SCANNING, label: 'Verifying' }
  if (tier !== 'direct') return { tone: 'working', label: 'Verifying again', explain }
  const label = hashState === 'none' ? 'Calculating' : hashState === 'stale' ? 'Recomputing' : 'Re-verifying'
  return { tone: 'working', label, explain: `${explain} Cancel stops it; what was known of its hash stays.` }
}

/** True while the server still works on the file, so that its row is worth asking for again. */
export const isMoving = (file: Pick<StoredFile, 'status' | 'syncing' | 'hashing'>): boolean =>
  file.status === 'SCANNING' || file.status === 'PENDING_UPLOAD' || file.hashing !== null || (file.status === 'READY' && file.syncing)
