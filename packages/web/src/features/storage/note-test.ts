import { useCallback } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'

/** Tests a target that was just saved, so that its badge and what it can do are known. How it went is what the badge says. */
export function useNoteTest(): (targetId: string) => Promise<void> {
  const client = useClient()
  const refresh = useRefresh()
  return useCallback(
    async (targetId) => {
      await client.targets.test(targetId).catch(() => null)
      await refresh(keys.targets, keys.audit)
    },
    [client, refresh],
  )
}
