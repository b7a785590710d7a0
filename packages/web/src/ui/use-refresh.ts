import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'

/** Asks again for every query whose key starts with one of `roots`. */
export function useRefresh(): (...roots: readonly string[]) => Promise<void> {
  const queries = useQueryClient()
  return useCallback(
    async (...roots) => {
      await Promise.all(roots.map((root) => queries.invalidateQueries({ queryKey: [root] })))
    },
    [queries],
  )
}
