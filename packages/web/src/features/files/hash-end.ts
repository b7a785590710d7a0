import type { File as StoredFile } from '@holdfast/api'
import { sayFileStatus } from '../../ui/file-words.ts'
import type { Said } from '../../ui/tones.ts'
import { visibleName } from '../../ui/visible-name.ts'

/** How reading a file back ended, from how its row was before and is now; null where nothing ended. */
export function sayHashEnd(before: StoredFile | undefined, now: StoredFile): Said | null {
  if (before?.status !== 'READY' || now.status === 'DELETED' || now.hashing !== null) return null
  const proven = before.verifiedAt !== now.verifiedAt
  if (before.hashing === null && !proven) return null
  // A verdict is written into the row, even one that is the same as before.
  const name = `“${visibleName(now.name)}”`
  if (now.version === before.version)
    return { tone: 'neutral', label: `${name}: reading back was stopped`, explain: 'What was known of its hash stays as it was.' }
  const said = sayFileStatus(now)
  if (!proven && before.hashState === now.hashState && now.statusReason !== null)
    return { tone: 'bad', label: `${name}: reading back failed`, explain: now.statusReason }
  return { ...said, label: `${name}: ${said.label}` }
}
