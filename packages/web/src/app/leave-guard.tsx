import { useWindowEvent } from '@mantine/hooks'
import { useUploadState } from './services.tsx'

/** Warns before the tab is closed or reloaded while files are on their way. Moving about inside the app keeps them going. */
export function LeaveGuard() {
  const { pending } = useUploadState()
  useWindowEvent('beforeunload', (event) => {
    if (pending > 0) event.preventDefault()
  })
  return null
}
