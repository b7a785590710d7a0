import type { Reconciliation, ReconciliationFinding, ReconciliationKind } from '@holdfast/api'
import { count, formatBytes } from '../../ui/format.ts'
import type { Said, Tone } from '../../ui/tones.ts'

export const isUnderWay = ({ status }: Pick<Reconciliation, 'status'>): boolean => status === 'reporting' || status === 'applying'

export const kindWords: Record<ReconciliationKind, Said> = {
  missing: {
    tone: 'bad',
    label: 'Missing',
    explain: 'Files whose object is not at the target. They are flagged, and stay with all that is known of them.',
  },
  size: { tone: 'bad', label: 'Other size', explain: 'Files whose object does not have the size that was stored.' },
  leftover: {
    tone: 'attention',
    label: 'Left over',
    explain: 'Objects of files that are deleted, or that have their object elsewhere by now. They can be removed.',
  },
  unrecorded: {
    tone: 'attention',
    label: 'Unrecorded',
    explain:
      'Objects with a key as Holdfast gives it that no record names. After the database was restored these may be files stored since.',
  },
  unclear: {
    tone: 'neutral',
    label: 'Left alone',
    explain: 'Objects that no file has and that are not surely ours, each for the reason beside it.',
  },
  returned: { tone: 'good', label: 'Returned', explain: 'Files that were missing and whose object is there again.' },
}

/** From here and not from the schemas, which would bring their validator into the page. Worst first. */
export const kindNames = Object.keys(kindWords) as ReconciliationKind[]

export const outcomeWords: Record<NonNullable<ReconciliationFinding['outcome']>, Said> = {
  removed: { tone: 'good', label: 'Removed', explain: 'The object was removed from the target.' },
  kept: { tone: 'neutral', label: 'Kept', explain: 'It was to be removed and stays, for the reason beside it.' },
}

const differences = (report: Reconciliation): number => kindNames.reduce((sum, kind) => sum + report[kind].count, 0)

/** "12 objects and 3 files looked at". */
export const sayLooked = ({ objects, files }: Pick<Reconciliation, 'objects' | 'files'>): string =>
  `${count(objects, 'object')} and ${count(files, 'file')} looked at`

export const sayAmount = (group: { count: number; bytes: number }, what = 'object'): string =>
  group.count === 0 ? 'none' : `${count(group.count, what)}, ${formatBytes(group.bytes)}`

/** Some kinds count files, the others objects. */
export const sayKindAmount = (report: Reconciliation, kind: ReconciliationKind): string =>
  sayAmount(report[kind], kind === 'missing' || kind === 'returned' || kind === 'size' ? 'file' : 'object')

const reportedTone = (report: Reconciliation): Tone => {
  if (report.missing.count + report.size.count > 0) return 'bad'
  return differences(report) - report.returned.count > 0 ? 'attention' : 'good'
}

/** How far it is, or how it ended. */
export function sayReconciliation(report: Reconciliation): Said {
  const { status, removed, kept } = report
  if (status === 'reporting')
    return { tone: 'working', label: 'Comparing', explain: 'Objects first, then files. It goes on after a restart of the server.' }
  if (status === 'applying') return { tone: 'working', label: 'Removing', explain: 'Each object is judged once more before it goes.' }
  if (status === 'failed') return { tone: 'bad', label: 'Failed', explain: report.error ?? 'It could not go on.' }
  if (status === 'cancelled')
    return { tone: 'neutral', label: 'Cancelled', explain: 'Somebody ended it. What was done until then stays done.' }
  if (status === 'applied') {
    const stayed = kept.count > 0 ? ` ${count(kept.count, 'object')} stayed, each for the reason beside it.` : ''
    return { tone: 'good', label: 'Applied', explain: `${count(removed.count, 'object')} removed, ${formatBytes(removed.bytes)}.${stayed}` }
  }
  const found = differences(report)
  if (found === 0) return { tone: 'good', label: 'Nothing differs', explain: 'Every object has its file, and every file its object.' }
  return {
    tone: reportedTone(report),
    label: count(found, 'finding'),
    explain: 'Nothing was removed. Look at the findings before you decide.',
  }
}

/** What can be removed: what is left over alone, or with what no record names. */
export function removable(report: Reconciliation): { leftover: number; all: number; bytes: number; allBytes: number } {
  const { leftover, unrecorded, status } = report
  if (status !== 'reported') return { leftover: 0, all: 0, bytes: 0, allBytes: 0 }
  const sums = { all: leftover.count + unrecorded.count, allBytes: leftover.bytes + unrecorded.bytes }
  return { leftover: leftover.count, bytes: leftover.bytes, ...sums }
}
