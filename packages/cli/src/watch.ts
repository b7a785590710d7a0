import { CommandFailure } from './failure.ts'
import { createStatusLine } from './status-line.ts'

const POLL_MS = 500

/** Waits for the end of work that the server does. Interrupted, it cancels that first: nobody is left who waits for it. */
export async function watch<T>(
  started: T,
  work: { isRunning(now: T): boolean; words(now: T): string; again(now: T): Promise<T>; cancel(now: T): Promise<unknown> },
): Promise<T> {
  const line = createStatusLine()
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort()).once('SIGTERM', () => interrupt.abort())
  let now = started
  try {
    while (work.isRunning(now)) {
      line.show(work.words(now))
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      if (interrupt.signal.aborted) {
        await work.cancel(now)
        throw new CommandFailure('interrupted; what was done stays done', 130)
      }
      now = await work.again(now)
    }
    return now
  } finally {
    line.end()
  }
}
