import type { UploadQueue } from '@holdfast/client'
import type { QueryClient } from '@tanstack/react-query'
import { keys } from './query-keys.ts'

const telling = new Set(['uploading', 'verifying', 'ready', 'error', 'cancelled'])

/** Asks again for what an upload changes as soon as it has changed: rows, counts, usage and the log. */
export function refreshAfterUploads(uploads: UploadQueue, queries: QueryClient): () => void {
  const known = new Map<string, string>()
  return uploads.subscribe(() => {
    let changed = false
    for (const row of uploads.getState().rows) {
      if (known.get(row.id) === row.state.phase) continue
      known.set(row.id, row.state.phase)
      changed ||= telling.has(row.state.phase)
    }
    if (!changed) return
    for (const root of [keys.files, keys.cases, keys.items, keys.targets, keys.direct, keys.audit, keys.jobs])
      void queries.invalidateQueries({ queryKey: [root] })
  })
}
