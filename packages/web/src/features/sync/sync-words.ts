import type { Sync } from '@holdfast/api'
import { count, formatBytes, formatNumber } from '../../ui/format.ts'
import type { Said } from '../../ui/tones.ts'
import { visibleName } from '../../ui/visible-name.ts'

export const groupNames = ['added', 'changed', 'removed', 'missing', 'skipped'] as const
export type GroupName = (typeof groupNames)[number]

type GroupWords = { readonly will: string; readonly did: string; readonly explain: string }

/** What Sync does with each kind of difference: before, after, and what it means. */
export const groupWords: Record<GroupName, GroupWords> = {
  added: {
    will: 'To be added',
    did: 'Added',
    explain: 'On the storage, and not in the list. They are listed as discovered, without a hash.',
  },
  changed: {
    will: 'To become Stale',
    did: 'Became Stale',
    explain: 'Size or time of the stored object changed. The old hash is kept; Recompute learns the new one.',
  },
  removed: {
    will: 'To leave the list',
    did: 'Left the list',
    explain: 'Their objects are gone. Their record stays in the audit log, with the last hash and history.',
  },
  missing: {
    will: 'To be shown as Missing',
    did: 'Shown as Missing',
    explain: 'Their objects are gone, and a legal hold keeps the rows.',
  },
  skipped: { will: 'Left alone', did: 'Left alone', explain: 'Not touched, each for the reason beside it.' },
}

/** Groups that have something in them, in the order that they are shown. */
export const groupsOf = (sync: Sync): readonly GroupName[] => groupNames.filter((name) => sync[name].count > 0)

const differences = ({ added, changed, removed, missing }: Sync): number => added.count + changed.count + removed.count + missing.count

/** Whether applying would change anything. */
export const hasWork = (sync: Sync): boolean => differences(sync) > 0

/** The outcome of a Sync or its preview, or how far it is. */
export function saySync(sync: Sync): Said {
  const { mode, status, listed } = sync
  const seen = count(listed, 'object')
  if (status === 'running')
    return {
      tone: 'working',
      label: mode === 'preview' ? 'Comparing' : 'Synchronizing',
      explain: `${seen} seen on the storage so far.`,
    }
  if (status === 'stopped') return sayStopped(sync)
  if (status === 'cancelled') return { tone: 'neutral', label: 'Cancelled', explain: sayUndone(sync) }
  if (status === 'failed')
    return { tone: 'bad', label: 'Failed', explain: `${sync.error ?? 'It did not come to its end.'} ${sayUndone(sync)}` }
  if (!hasWork(sync)) return { tone: 'good', label: 'Nothing to change', explain: `The list and the storage agree: ${seen}.` }
  const what = count(differences(sync), 'difference')
  return mode === 'preview'
    ? { tone: 'attention', label: `${what} found`, explain: 'Nothing was changed yet. This is what Sync will do:' }
    : { tone: 'good', label: 'Synchronized', explain: `${what} settled, ${formatNumber(sync.unchanged)} unchanged.` }
}

const sayUndone = ({ mode }: Sync): string =>
  mode === 'preview' ? 'Nothing was changed.' : 'Nothing was removed from the list; what was added before stays. It can be run again.'

function sayStopped({ removed, missing, unchanged, changed, error }: Sync): Said {
  const gone = removed.count
  // What is stopped before it compared anything has no numbers of its own.
  if (gone === 0) return { tone: 'attention', label: 'Stopped before anything was changed', explain: error ?? '' }
  const all = gone + missing.count + unchanged + changed.count
  return {
    tone: 'attention',
    label: `${formatNumber(gone)} of ${count(all, 'file')} would vanish`,
    explain:
      'They are no longer on the storage. That is more than half of this folder, and what a wrong mount, bucket or prefix looks like, too. Nothing was changed. Look at the storage first: if the files are there, mend the target instead.',
  }
}

/** "report.pdf: being uploaded". */
export const sayExample = (example: { readonly name: string; readonly reason: string | null }): string =>
  example.reason ? `${visibleName(example.name)}: ${example.reason}` : visibleName(example.name)

/** "3 files, 1.2 GB" */
export const sayGroup = (group: { readonly count: number; readonly bytes: number }): string =>
  group.bytes > 0 ? `${count(group.count, 'file')}, ${formatBytes(group.bytes)}` : count(group.count, 'file')
