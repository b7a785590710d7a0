import { useCallback } from 'react'
import { isStatus } from '../ui/problem-words.ts'
import { useServices } from './services.tsx'

/** Ends the session and loads the page afresh, so that nothing of the last person stays in memory. */
export function useSignOut(): () => Promise<void> {
  const { client, uploads } = useServices()
  return useCallback(async () => {
    try {
      await client.auth.signOut()
    } catch (error) {
      if (!isStatus(error, 401)) throw error
    }
    uploads[Symbol.dispose]()
    window.location.assign('/sign-in')
  }, [client, uploads])
}
