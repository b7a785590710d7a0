import type { UploadErrorCode, UploadState } from '@holdfast/client'
import { formatPercent, formatSeconds, formatSpeed } from './format.ts'
import type { Said } from './tones.ts'
import { visibleName } from './visible-name.ts'

const remedies: Record<UploadErrorCode, string> = {
  'different-file': 'Choose the file that this upload began with. Nothing was changed.',
  'file-changed': 'The file changed or can no longer be read. Choose it again once nothing else is writing to it.',
  'signed-out': 'Sign in, then choose Retry; it goes on where it was.',
  refused: '',
  unreachable: 'Check the connection, then choose Retry; it goes on where it was.',
  'upload-gone': 'Choose Retry to send the file again from the start.',
  'storage-blocked': 'An administrator sees the cause with Test Direct, under Storage. Then choose Retry; it goes on where it was.',
  rejected: 'Nothing of it can be downloaded. Send the file again.',
  stopped: 'The server keeps what it has. Choose the same file again to go on.',
}

const say = (tone: Said['tone'], label: string, explain = ''): Said => ({ tone, label, explain })

type WithBytes = { readonly loaded: number; readonly total: number }
const share = (state: WithBytes, locale?: string) => formatPercent(state.loaded, state.total, locale)

function sayUploading(state: Extract<UploadState, { phase: 'uploading' }>, locale?: string): Said {
  const speed = state.bytesPerSecond === null ? [] : [formatSpeed(state.bytesPerSecond, locale)]
  const left = state.secondsLeft === null ? [] : [`${formatSeconds(state.secondsLeft, locale)} left`]
  return say('working', [`Uploading ${share(state, locale)}`, ...speed, ...left].join(' · '))
}

function sayFailure(state: Extract<UploadState, { phase: 'error' }>): Said {
  const { error } = state
  const reason = error.problem?.detail ?? error.message
  const remedy = remedies[error.code] ?? ''
  return say(
    'bad',
    `Error: ${error.problem?.title ?? error.message}`,
    [reason === error.problem?.title ? '' : reason, remedy].filter(Boolean).join(' '),
  )
}

const sayStop = (state: WithBytes, locale?: string): string =>
  state.loaded < state.total
    ? `Stopped at ${share(state, locale)}; it goes on by itself when the connection is back.`
    : 'Every byte was sent; it goes on by itself when the connection is back.'

type Phase = UploadState['phase']
type StateIn<P extends Phase> = Extract<UploadState, { phase: P }>

const sayWaiting = (state: StateIn<'waiting'>, locale?: string): Said =>
  state.reason === 'busy'
    ? say('attention', 'Waiting for the server', 'It takes other uploads first; this one goes on by itself.')
    : say('attention', 'Waiting for connection', sayStop(state, locale))

const sayings: { readonly [P in Phase]: (state: StateIn<P>, locale?: string) => Said } = {
  queued: ({ until }) =>
    say('neutral', 'Queued', until === null ? 'Files are sent one after the other.' : 'The server takes other uploads first.'),
  'needs-file': (state, locale) =>
    say('attention', `Interrupted at ${share(state, locale)}`, state.error?.message ?? 'Choose the same file again to continue.'),
  'verifying-local': (state, locale) =>
    say('working', `Comparing ${share(state, locale)}`, 'Checking that this is the same file before going on.'),
  uploading: sayUploading,
  waiting: sayWaiting,
  hashing: (state, locale) =>
    say('working', `Finalizing ${share(state, locale)}`, 'Every part is stored. The digest of the whole file is being finished.'),
  completing: () => say('working', 'Finalizing', 'The storage puts the parts together. For a large file that can take minutes.'),
  verifying: ({ file, tooLateToCancel }) =>
    say(
      'working',
      'Verifying',
      tooLateToCancel
        ? 'It was already stored when you cancelled. Delete the file to remove it.'
        : file.tier === 'direct'
          ? 'Stored. What lies there is being checked.'
          : 'Stored. Every byte is being read back and checked.',
    ),
  cancelling: () => say('neutral', 'Cancelling'),
  // A large object in a bucket is not read back by itself: its digest is the sender's word until somebody has it proven.
  ready: ({ file }) =>
    say('good', 'Ready', file.hashState === 'declared' ? 'Stored; its hash is the one computed while sending.' : 'Stored and proven.'),
  error: sayFailure,
  cancelled: ({ serverCleanedUp }) =>
    say('neutral', 'Cancelled', serverCleanedUp ? 'Nothing of it was kept.' : 'The server removes what it has within a day.'),
}

/** What one upload is doing, in words for its row: the state as `label`, what it means or what to do as `explain`. */
export function sayUpload(state: UploadState, locale?: string): Said {
  const saying = sayings[state.phase] as (state: UploadState, locale?: string) => Said
  return saying(state, locale)
}

/** The phases worth reading out to someone who does not see the row; progress within a phase is not. */
export function announce(name: string, state: UploadState): string | null {
  if (state.phase === 'queued' || state.phase === 'verifying-local' || state.phase === 'hashing' || state.phase === 'cancelling')
    return null
  if (state.phase === 'uploading') return `${visibleName(name)}: uploading`
  const said = sayUpload(state)
  return `${visibleName(name)}: ${said.label}${state.phase === 'error' ? `. ${said.explain}` : ''}`
}
