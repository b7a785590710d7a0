/** What is being done with files, by path: so that whoever closes or replaces one can wait until nobody works on it. */
export interface PathWork {
  run<T>(path: string, work: () => Promise<T>): Promise<T>
  /** Resolves once all that was begun so far at `path`, or anywhere, has ended, however it ended. */
  settled(path?: string): Promise<void>
}

export function createPathWork(): PathWork {
  const busy = new Map<string, Set<Promise<unknown>>>()
  return {
    async run(path, work) {
      const running = work()
      const all = busy.get(path) ?? new Set()
      busy.set(path, all.add(running))
      try {
        return await running
      } finally {
        all.delete(running)
        if (all.size === 0) busy.delete(path)
      }
    },
    async settled(path) {
      const running = path === undefined ? [...busy.values()].flatMap((all) => [...all]) : [...(busy.get(path) ?? [])]
      await Promise.allSettled(running)
    },
  }
}
