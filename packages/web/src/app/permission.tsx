import type { ComponentType } from 'react'
import { ForbiddenPage } from './pages/trouble.tsx'
import { useMay } from './services.tsx'

/** The page, or what to do for those whose role may not see it. The server refuses by itself; this only says it well. */
export function ForPermission({ needs, page: Page }: { needs: string; page: ComponentType }) {
  const may = useMay()
  return may(needs) ? <Page /> : <ForbiddenPage />
}
