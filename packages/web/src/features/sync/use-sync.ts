import type { Sync } from '@holdfast/api'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { type SyncScope, syncQuery } from './queries.ts'

type Begin = { readonly mode: Sync['mode']; readonly allowRemovals?: boolean }

/** One Sync after another in a scope: the preview, then what was decided on. `sync` is the newest, as it runs. */
export function useSync({ caseId, itemId }: SyncScope) {
  const client = useClient()
  const refresh = useRefresh()
  const [id, setId] = useState<string | null>(null)
  const running = useQuery({ ...syncQuery(client, id ?? ''), enabled: id !== null })
  const begin = useMutation({
    mutationFn: ({ mode, allowRemovals }: Begin) =>
      client.syncs.start(caseId, { mode, ...(itemId ? { itemId } : {}), ...(allowRemovals ? { allowRemovals } : {}) }),
    onSuccess: (sync) => setId(sync.id),
  })
  const cancel = useMutation({ mutationFn: (syncId: string) => client.syncs.cancel(syncId), onSettled: () => running.refetch() })
  const sync = id === null ? undefined : running.data
  const ended = sync !== undefined && sync.status !== 'running' && sync.mode === 'apply'
  useEffect(() => {
    if (ended) void refresh(keys.files, keys.cases, keys.items, keys.direct, keys.targets, keys.audit, keys.syncs)
  }, [ended, refresh])
  return {
    sync,
    begin,
    cancel,
    error: begin.error ?? cancel.error ?? (sync ? null : running.error),
    waiting: begin.isPending || (id !== null && !sync && !running.error),
  }
}

export type SyncRun = ReturnType<typeof useSync>
