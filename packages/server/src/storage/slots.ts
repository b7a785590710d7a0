/** Runs a bounded number of things at once; the rest wait in order of arrival. */
export interface Slots {
  /** Rejects with the signal's reason when it fires while waiting; once `work` runs, the signal is its own affair. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

export function createSlots(limit: number): Slots {
  let free = limit
  const waiting = new Set<() => void>()

  const release = (): void => {
    const [next] = waiting
    if (!next) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }
  const wait = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', give)
        resolve()
      }
      const give = (): void => {
        waiting.delete(go)
        reject(signal?.reason)
      }
      waiting.add(go)
      signal?.addEventListener('abort', give, { once: true })
    })

  return {
    async run(work, signal) {
      signal?.throwIfAborted()
      if (free > 0) free -= 1
      else await wait(signal)
      try {
        return await work()
      } finally {
        release()
      }
    },
  }
}
