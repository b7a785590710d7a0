import type { CallOptions } from './target.ts'

/** Settles as `work`, or with the signal's reason once it fires: a server that hangs holds up no caller who has gone. */
export function endingWith<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * Runs works of one name one after the other, in the order in which they came, whatever became of those before. Who waits for a turn
 * rejects with the reason of the signal once that fires, and has not begun.
 */
export function createTurns(): <T>(name: string, options: CallOptions | undefined, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (name, options, work) => {
    const before = last.get(name)
    const mine = before ? endingWith(options?.signal, before).then(work) : work()
    const all = Promise.allSettled([before, mine])
    last.set(name, all)
    all.then(() => {
      if (last.get(name) === all) last.delete(name)
    })
    return mine
  }
}
