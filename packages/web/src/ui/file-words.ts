import type { File as StoredFile } from '@holdfast/api'
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

type Shown = Pick<StoredFile, 'status' | 'statusReason' | 'syncing' | 'syncTarget' | 'target'>

/** Null where nothing keeps the file from where it belongs. */
function sayOnItsWay({ status, syncing, syncTarget }: Shown): Said | null {
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
export function sayFileStatus(file: Shown): Said {
  if (file.target.removed && file.status !== 'DELETED')
    return {
      tone: 'attention',
      label: 'Orphaned: target removed',
      explain: 'Its storage target was removed. Make the same target again to get the file back, or delete the row.',
    }
  const onItsWay = sayOnItsWay(file)
  if (onItsWay) return onItsWay
  const said = fileStatusWords[file.status]
  return file.statusReason ? { ...said, explain: `${file.statusReason} ${said.explain}` } : said
}

/** True while the server still works on the file, so that its row is worth asking for again. */
export const isMoving = (file: Pick<StoredFile, 'status' | 'syncing'>): boolean =>
  file.status === 'SCANNING' || file.status === 'PENDING_UPLOAD' || (file.status === 'READY' && file.syncing)
