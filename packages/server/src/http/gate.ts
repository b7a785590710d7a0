import { Problem } from '@holdfast/api'

/**
 * Lets `running` pieces of work run at a time and `waiting` more wait; further ones get RATE_LIMIT_EXCEEDED.
 */
export function createGate(limits: { running: number; waiting: number }): <T>(work: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= limits.running) {
      if (queue.length >= limits.waiting) throw new Problem('RATE_LIMIT_EXCEEDED', 'Too many of these at once.', { retryAfterSeconds: 2 })
      await new Promise<void>((resolve) => queue.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running -= 1
    }
  }
}
