import { GiB, type Target } from '@holdfast/api'
import { formatAgo } from '../../ui/format.ts'
import type { Said } from '../../ui/tones.ts'

const fresh = 5 * 60_000
const recent = 24 * 3_600_000

type Tested = Pick<Target, 'lastPassAt' | 'lastTestAt' | 'lastTestOk'>

/**
 * The last-test badge (T7): green within 5 minutes of the last pass, amber within a day, red when older or when the
 * latest test failed. An upload or download that went well counts as a pass. `now` in milliseconds since the epoch.
 */
export function sayLastTest(target: Tested, now: number): Said {
  const { lastPassAt, lastTestAt, lastTestOk } = target
  const failedLast = lastTestOk === false && lastTestAt !== null && (lastPassAt === null || Date.parse(lastTestAt) > Date.parse(lastPassAt))
  if (failedLast)
    return {
      tone: 'bad',
      label: `Failed ${formatAgo(lastTestAt, now)}`,
      explain: 'The latest test failed. Run Test connection to see which step and why.',
    }
  if (lastPassAt === null) return { tone: 'neutral', label: 'Not tested yet', explain: 'Run Test connection, or upload a file.' }
  const age = now - Date.parse(lastPassAt)
  const label = `Passed ${formatAgo(lastPassAt, now)}`
  if (age <= fresh) return { tone: 'good', label, explain: 'It passed within the last 5 minutes.' }
  if (age <= recent) return { tone: 'attention', label, explain: 'It passed within the last day. Run Test connection to be sure of now.' }
  return { tone: 'bad', label, explain: 'Nothing was read or written for more than a day. Run Test connection.' }
}

/** GB as typed → bytes; null for no quota. A GB is 1024³ bytes here, as everywhere in Holdfast. */
export const quotaToBytes = (gigabytes: number | ''): number | null => (gigabytes === '' ? null : Math.round(gigabytes * GiB))
export const quotaToGigabytes = (bytes: number | null): number | '' => (bytes === null ? '' : Math.round((bytes / GiB) * 1000) / 1000)

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const joined = (...parts: string[]): string => parts.filter(Boolean).join('/')

/** Where a target is, as people of that kind of storage write it. */
export function sayPlace({ kind, place }: Pick<Target, 'kind' | 'place'>): string {
  if (kind === 's3') {
    const server = text(place.endpoint).replace(/^https?:\/\//, '') || `AWS ${text(place.region)}`
    return `${joined(text(place.bucket), text(place.prefix))} at ${server}`
  }
  const port = typeof place.port === 'number' ? `:${place.port}` : ''
  if (kind === 'smb') return `\\\\${text(place.host)}${port}\\${joined(text(place.share), text(place.folder)).replaceAll('/', '\\')}`
  if (kind === 'sftp') {
    const directory = text(place.directory)
    return `${text(place.user)}@${text(place.host)}${port}:${directory === '' ? '~' : directory}`
  }
  return text(place.path)
}

export const roleWords = {
  encrypted: { label: 'Encrypted', explain: 'Takes files of Encrypted Storage, sealed by Holdfast.' },
  direct: {
    label: 'Direct',
    explain: 'Takes large files as they are, protected by the storage itself. Off, and shown to nobody, until a target is chosen.',
  },
  backup: {
    label: 'Backup',
    explain: 'Set aside for snapshots of the database. This version makes none by itself: back the database up by your own means.',
  },
  objects: {
    label: 'Objects',
    explain:
      'Takes what apps store through the API. In a bucket the bytes go straight there, protected by the storage; elsewhere Holdfast seals them.',
  },
} as const
