import type { QueueRow, QueueState } from './types.ts'

const PROGRESS_MS = 100

/** The rows in their order, as immutable snapshots. Listeners hear of progress at most ten times a second, of all else at once. */
export interface RowList {
  getState(): QueueState
  subscribe(listener: () => void): () => void
  /** The rows as they are now, ahead of the last snapshot while that is held back. */
  rows(): readonly QueueRow[]
  find(id: string): QueueRow | null
  add(row: QueueRow): void
  update(id: string, change: Partial<QueueRow>): void
  remove(ids: readonly string[]): void
  close(): void
}

const idle: readonly string[] = ['ready', 'error', 'cancelled', 'needs-file', 'verifying']

function snapshot(rows: ReadonlyMap<string, QueueRow>): QueueState {
  const list = [...rows.values()]
  return { rows: list, pending: list.filter((row) => !idle.includes(row.state.phase)).length }
}

export function createRowList(): RowList {
  const rows = new Map<string, QueueRow>()
  const listeners = new Set<() => void>()
  let state = snapshot(rows)
  let timer: ReturnType<typeof setTimeout> | null = null
  let toldAt = 0

  function tell(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    toldAt = performance.now()
    state = snapshot(rows)
    for (const listener of [...listeners]) listener()
  }

  function tellSoon(): void {
    const wait = toldAt + PROGRESS_MS - performance.now()
    if (wait <= 0) tell()
    else timer ??= setTimeout(tell, wait)
  }

  return {
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    rows: () => [...rows.values()],
    find: (id) => rows.get(id) ?? null,
    add(row) {
      rows.set(row.id, row)
      tell()
    },
    update(id, change) {
      const before = rows.get(id)
      if (before === undefined) return
      const after = { ...before, ...change }
      rows.set(id, after)
      const progress = (['uploadId', 'canReopen'] as const).every((name) => after[name] === before[name])
      if (progress && after.state.phase === before.state.phase) tellSoon()
      else tell()
    },
    remove(ids) {
      const removed = ids.filter((id) => rows.delete(id))
      if (removed.length > 0) tell()
    },
    close() {
      if (timer !== null) clearTimeout(timer)
      listeners.clear()
    },
  }
}
