import type { Job } from '@holdfast/api'
import { formatBytes, formatNumber, formatPercent } from '../../ui/format.ts'
import type { Said } from '../../ui/tones.ts'

export const jobStatusWords: Record<Job['status'], Said> = {
  queued: { tone: 'neutral', label: 'Queued', explain: 'It starts when its time has come and a worker is free.' },
  running: { tone: 'working', label: 'Running', explain: 'A worker is at it.' },
  done: { tone: 'good', label: 'Done', explain: 'It finished.' },
  dead: { tone: 'bad', label: 'Gave up', explain: 'It failed as often as it may. Mend the cause, then choose Retry.' },
  cancelled: { tone: 'neutral', label: 'Cancelled', explain: 'Somebody cancelled it.' },
}

/** From here and not from the schemas, which would bring their validator into the page. */
export const jobStatusNames = Object.keys(jobStatusWords) as Job['status'][]

const kinds: Readonly<Record<string, string>> = {
  'verify-file': 'Verify a file',
  'purge-object': 'Remove a stored object',
  'sweep-uploads': 'Remove abandoned uploads',
  'sweep-targets': 'Clear leftovers from storage targets',
  'scan-object': 'Check a file of an app',
  'expire-files': 'Delete what has expired',
  'lock-held': 'Set or lift a hold on the storage',
  'lock-object': 'Lock one object on the storage',
  'sweep-holds': 'Look after holds on the storage',
  'deliver-webhook': 'Deliver a webhook message',
  'purge-webhooks': 'Forget old webhook messages',
  'jobs.purge': 'Forget old jobs',
  'hash-file': 'Read a stored file back for its hash',
  'sync-scope': 'Compare a folder with its storage',
  'sweep-syncs': 'Forget what Syncs found',
  'run-migration': 'Move the files of a target',
  'sync-file': 'Take a file from this server to its target',
  'purge-moved': 'Remove what a move left behind',
  'sweep-moves': 'Look after moves',
  'sweep-quarantine': 'Look after quarantined files of apps',
  'purge-quarantine': 'Remove what was promoted from quarantine',
  'reconcile-target': 'Compare a target with its records',
  'sweep-reconciliations': 'Forget what old comparisons found',
}

/** A job's kind in words; unknown kinds of newer servers read well enough as they are. */
export function sayKind(kind: string): string {
  const words = kind.replaceAll(/[-_.]/g, ' ')
  return kinds[kind] ?? words.charAt(0).toUpperCase() + words.slice(1)
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)

/** How far a job is, in words, from the usual pairs that handlers report; null where there is nothing to say. */
export function sayProgress(progress: Job['progress']): string | null {
  if (progress === null) return null
  const bytes = numberOf(progress.bytes) ?? numberOf(progress.doneBytes) ?? numberOf(progress.readBytes)
  const totalBytes = numberOf(progress.totalBytes) ?? numberOf(progress.size)
  if (bytes !== null && totalBytes !== null) return `${formatPercent(bytes, totalBytes)} of ${formatBytes(totalBytes)}`
  if (bytes !== null) return formatBytes(bytes)
  const objects = numberOf(progress.objects)
  if (objects !== null) return `${formatNumber(objects)} objects, ${formatNumber(numberOf(progress.files) ?? 0)} files`
  const done = numberOf(progress.done)
  const total = numberOf(progress.total)
  if (done !== null && total !== null) return `${formatNumber(done)} of ${formatNumber(total)}`
  return done === null ? null : `${formatNumber(done)} done`
}
