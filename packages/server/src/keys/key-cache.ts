import { KeyError } from './provider.ts'

/**
 * The latest unwrapped keys, at most `size` of them; a key that leaves is overwritten with zeros. A key is lent only for
 * the length of a synchronous call, so that none is overwritten while in use.
 */
export function keyCache(size: number) {
  const keys = new Map<string, Uint8Array>()
  let closed = false
  const forget = (id: string) => {
    keys.get(id)?.fill(0)
    keys.delete(id)
  }
  const keep = (id: string, key: Uint8Array) => {
    forget(id)
    keys.set(id, key)
    if (keys.size > size) forget(keys.keys().next().value as string)
  }
  return {
    /** Answers what `use` makes of the key `id`, which `load` brings where it is not at hand. */
    async lend<T>(id: string, load: () => Promise<Uint8Array>, use: (key: Uint8Array) => T): Promise<T> {
      const loaded = keys.has(id) ? null : await load()
      if (closed) {
        loaded?.fill(0)
        throw new KeyError('The keys are closed')
      }
      const kept = keys.get(id)
      if (kept) {
        loaded?.fill(0)
        keys.delete(id)
        keys.set(id, kept)
        return use(kept)
      }
      // Evicted between the look and here is impossible: without `loaded` nothing was awaited.
      keep(id, loaded as Uint8Array)
      return use(loaded as Uint8Array)
    },
    forget,
    close() {
      closed = true
      for (const id of [...keys.keys()]) forget(id)
    },
  }
}
