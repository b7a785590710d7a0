import type { Me } from '@holdfast/api'
import type { Client, QueueState, UploadQueue } from '@holdfast/client'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react'
import type { SessionState } from './session-state.ts'

/** What lives as long as the page: made once in main.tsx and handed down. */
export type Services = {
  readonly client: Client
  readonly uploads: UploadQueue
  readonly session: SessionState
  /** From the link that the server printed, kept out of the address bar and the history. */
  readonly setupCode: string | null
}

const ServicesContext = createContext<Services | null>(null)

export function ServicesProvider({ services, children }: { services: Services; children: ReactNode }) {
  return <ServicesContext value={services}>{children}</ServicesContext>
}

export function useServices(): Services {
  const services = useContext(ServicesContext)
  if (!services) throw new Error('ServicesProvider is missing above this component')
  return services
}

export const useClient = (): Client => useServices().client

export function useUploadState(): QueueState {
  const { uploads } = useServices()
  return useSyncExternalStore(uploads.subscribe, uploads.getState)
}

/** Who is signed in. The role may change under way, so it is asked for again when the page comes back into view. */
export const meQuery = (client: Client) =>
  queryOptions({ queryKey: ['me'], queryFn: ({ signal }) => client.me.get({ signal }), staleTime: 60_000 })

export function useMe(): Me | undefined {
  return useQuery(meQuery(useClient())).data
}

/** Whether the signed-in person may do `permission`. It decides what is shown; the server decides what is done. */
export function useMay(): (permission: string) => boolean {
  const me = useMe()
  return (permission) => me?.permissions.includes(permission) ?? false
}
