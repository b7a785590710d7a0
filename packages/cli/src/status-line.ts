import { plain } from './failure.ts'

/** One line on stderr that is rewritten while something runs; nothing where stderr is no terminal. */
export interface StatusLine {
  show(words: string): void
  /** Takes the line away again. */
  end(): void
}

export function createStatusLine(stream: NodeJS.WriteStream = process.stderr): StatusLine {
  let shown = false
  return {
    show(words) {
      if (!stream.isTTY) return
      shown = true
      stream.write(`\r\u001b[K${plain(words).slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`)
    },
    end() {
      if (shown) stream.write('\r\u001b[K')
      shown = false
    },
  }
}
