import { StorageError, type StorageTarget } from './target.ts'

/** A target in use. It stays open at least until the lease is disposed of. */
export type TargetLease = AsyncDisposable & { readonly target: StorageTarget }

/** What a pool knows a target by; a changed row has a higher version and is opened anew. */
export type PooledRow = { readonly id: string; readonly version: number }

export interface TargetPool<Row extends PooledRow> extends AsyncDisposable {
  /** The open target of `row`, opened where it is not; rejects as `open` does. */
  lease(row: Row): Promise<TargetLease>
  /** Runs `work` on the open target of `row`. */
  use<T>(row: Row, work: (target: StorageTarget) => Promise<T>): Promise<T>
}

type Entry = { version: number; opening: Promise<StorageTarget>; users: number; retired: boolean; closing: Promise<void> | null }

/**
 * Keeps at most `limit` targets open beyond those in use. One that was replaced by a newer version, or pushed out, closes when its
 * last lease ends. Disposing of the pool waits for the leases that are out.
 */
export function createTargetPool<Row extends PooledRow>(options: {
  open: (row: Row) => Promise<StorageTarget>
  limit?: number
}): TargetPool<Row> {
  const { open, limit = 64 } = options
  const entries = new Map<string, Entry>()
  const alive = new Set<Entry>()
  let closed = false
  const drained = Promise.withResolvers<void>()

  const close = (entry: Entry): Promise<void> => {
    entry.closing ??= entry.opening
      .then(
        (target) => target[Symbol.asyncDispose](),
        () => {},
      )
      .finally(() => {
        alive.delete(entry)
        if (closed && alive.size === 0) drained.resolve()
      })
    return entry.closing
  }
  const retire = async (id: string, entry: Entry): Promise<void> => {
    if (entries.get(id) === entry) entries.delete(id)
    entry.retired = true
    if (entry.users === 0) await close(entry)
  }
  const trim = async (): Promise<void> => {
    for (const [id, entry] of entries) {
      if (entries.size <= limit) return
      if (entry.users === 0) await retire(id, entry)
    }
  }
  const find = (row: Row): Entry => {
    const found = entries.get(row.id)
    if (found?.version === row.version) return found
    // A caller that still holds an older row than others must not push the newer target out.
    if (found && found.version > row.version) return found
    if (found) void retire(row.id, found)
    const entry: Entry = { version: row.version, opening: open(row), users: 0, retired: false, closing: null }
    entries.set(row.id, entry)
    alive.add(entry)
    entry.opening.catch(() => retire(row.id, entry))
    return entry
  }

  const lease = async (row: Row): Promise<TargetLease> => {
    if (closed) throw new StorageError('closed', 'The targets are closed')
    const entry = find(row)
    entries.delete(row.id)
    entries.set(row.id, entry)
    entry.users += 1
    let ended = false
    const end = async (): Promise<void> => {
      if (ended) return
      ended = true
      entry.users -= 1
      if (entry.retired && entry.users === 0) await close(entry)
    }
    try {
      const target = await entry.opening
      await trim()
      return { target, [Symbol.asyncDispose]: end }
    } catch (error) {
      await end()
      throw error
    }
  }

  return {
    lease,
    async use(row, work) {
      await using held = await lease(row)
      return await work(held.target)
    },
    async [Symbol.asyncDispose]() {
      closed = true
      for (const [id, entry] of [...entries]) await retire(id, entry)
      if (alive.size > 0) await drained.promise
    },
  }
}
