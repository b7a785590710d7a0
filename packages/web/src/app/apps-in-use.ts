import { useQuery } from '@tanstack/react-query'
import { keys } from './query-keys.ts'
import { useClient, useMay } from './services.tsx'

/** Whether pages about apps are of use to this person: to set them up, or since an app stores files here. A lab without apps sees none. */
export function useAppsInUse(): boolean {
  const client = useClient()
  const may = useMay()
  const setsUp = may('class.write')
  const { data } = useQuery({
    queryKey: [keys.objects, 'any'],
    queryFn: async ({ signal }) => (await client.objects.list({ limit: 1 }, { signal })).items.length > 0,
    enabled: !setsUp && may('file.read'),
    staleTime: 300_000,
  })
  return setsUp || data === true
}
