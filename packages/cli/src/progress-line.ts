import type { UploadState } from '@holdfast/client'
import { plain } from './failure.ts'
import { bytesWords, secondsWords } from './print.ts'

/** Tells on stderr how an upload goes: on a terminal one line that is rewritten, elsewhere a line for each thing worth knowing. */
export interface ProgressLine {
  show(state: UploadState): void
  /** Takes the line away again. */
  end(): void
}

const EVERY_MS = 200

export function createProgressLine(name: string, stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  const label = plain(name)
  let shown = false
  let last = ''
  let at = 0
  return {
    show(state) {
      if (!stream.isTTY) {
        const news = newsOf(state)
        if (news === null || news === last) return
        last = news
        stream.write(`${label}: ${news}\n`)
        return
      }
      const words = wordsOf(state)
      const now = performance.now()
      if (words === null || (now - at < EVERY_MS && state.phase === 'uploading')) return
      at = now
      shown = true
      stream.write(`\r\u001b[K${`${label}  ${words}`.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`)
    },
    end() {
      if (shown) stream.write('\r\u001b[K')
      shown = false
    },
  }
}

const percent = (state: { loaded: number; total: number }): string =>
  `${state.total === 0 ? 100 : Math.floor((state.loaded / state.total) * 100)} %`

function wordsOf(state: UploadState): string | null {
  if (state.phase === 'uploading') {
    const speed = state.bytesPerSecond === null ? '' : `  ${bytesWords(state.bytesPerSecond)}/s`
    const left = state.secondsLeft === null ? '' : `  ${secondsWords(state.secondsLeft)} left`
    return `${percent(state)} of ${bytesWords(state.total)}${speed}${left}`
  }
  if (state.phase === 'verifying-local') return `comparing with what the server has  ${percent(state)}`
  if (state.phase === 'hashing') return `hashing  ${percent(state)}`
  if (state.phase === 'completing') return 'finishing'
  if (state.phase === 'verifying') return 'stored; the server is proving it'
  return newsOf(state)
}

const reasons = {
  offline: 'no network; waiting',
  unreachable: 'the server does not answer; trying again',
  busy: 'the server is busy; waiting',
} as const

function newsOf(state: UploadState): string | null {
  if (state.phase === 'waiting') return reasons[state.reason]
  if (state.phase === 'queued') return state.until === null ? null : reasons.busy
  return state.phase === 'verifying-local' ? 'an unfinished upload of this name and size is there; comparing' : null
}
