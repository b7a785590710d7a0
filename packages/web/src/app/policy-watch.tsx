import { Button } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'

const reload = () => window.location.reload()

/**
 * The page may talk to the storage that was there when it was loaded. Where the browser keeps it from one that came since, this says
 * so, and how to go on.
 */
export function PolicyWatch() {
  useWindowEvent('securitypolicyviolation', ({ effectiveDirective }) => {
    if (effectiveDirective !== 'connect-src' && effectiveDirective !== 'frame-src') return
    notifications.show({
      id: 'policy',
      color: 'yellow',
      title: 'Reload this page',
      autoClose: false,
      message: (
        <>
          Its storage was changed since the page was opened. An upload that stopped goes on when its file is chosen again.
          <Button mt="xs" size="compact-sm" variant="default" display="block" onClick={reload}>
            Reload
          </Button>
        </>
      ),
    })
  })
  return null
}
