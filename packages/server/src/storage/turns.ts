import { endingWith } from '../core/ending-with.ts'
import type { CallOptions } from './target.ts'

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
