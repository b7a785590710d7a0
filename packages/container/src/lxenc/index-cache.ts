import type { LxencIndex } from './file-index.ts'

/** A file as the file system shows it: an index is valid as long as all three stay the same. */
export type IndexKey = { readonly path: string; readonly modifiedAt: number; readonly size: number }

/** Remembers indices by path, modification time and size (X5), the least recently used going first. Holds no keys. */
export interface LxencIndexCache {
  /**
   * The index under `key`, from `load` where it is not known yet. Callers that ask at the same time share one `load`, so it must not
   * depend on one caller's signal. A `load` that fails is not remembered.
   */
  get(key: IndexKey, load: () => Promise<LxencIndex>): Promise<LxencIndex>
  /** Forgets what is known of `path`. */
  forget(path: string): void
}

type Entry = { key: IndexKey; index: Promise<LxencIndex> }

export function createLxencIndexCache(options: { entries?: number } = {}): LxencIndexCache {
  const limit = options.entries ?? 256
  const known = new Map<string, Entry>()
  function remember(key: IndexKey, index: Promise<LxencIndex>): void {
    const entry = { key, index }
    known.set(key.path, entry)
    index.catch(() => {
      if (known.get(key.path) === entry) known.delete(key.path)
    })
    for (const path of known.keys()) {
      if (known.size <= limit) break
      known.delete(path)
    }
  }
  return {
    get(key, load) {
      const entry = known.get(key.path)
      known.delete(key.path)
      const fits = entry !== undefined && entry.key.modifiedAt === key.modifiedAt && entry.key.size === key.size
      const index = fits ? entry.index : load()
      remember(key, index)
      return index
    },
    forget(path) {
      known.delete(path)
    },
  }
}
