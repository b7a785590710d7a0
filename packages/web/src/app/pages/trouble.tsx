import { Button } from '@mantine/core'
import { IconHelpCircle, IconLock } from '@tabler/icons-react'
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { ButtonLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { roleWords } from '../../ui/role-words.ts'
import { Empty, Failed } from '../../ui/states.tsx'
import { useMe } from '../services.tsx'

export function NotFoundPage() {
  return (
    <Page title="Page not found">
      <Panel>
        <Empty
          icon={<IconHelpCircle size={34} stroke={1.5} />}
          title="There is no page at this address"
          action={<ButtonLink to="/cases">Show all cases</ButtonLink>}
        >
          Check the address for typing errors. What it pointed to may have been deleted.
        </Empty>
      </Panel>
    </Page>
  )
}

export function ForbiddenPage() {
  const me = useMe()
  return (
    <Page title="Not allowed">
      <Panel>
        <Empty
          icon={<IconLock size={34} stroke={1.5} />}
          title="Your role does not allow this page"
          action={<ButtonLink to="/cases">Show all cases</ButtonLink>}
        >
          {me ? `You are signed in as ${me.name} with the role ${roleWords[me.role].label}. ` : ''}
          Ask an administrator for a role that may see it.
        </Empty>
      </Panel>
    </Page>
  )
}

/** Where a page could not be loaded or broke. Nothing that was stored is touched by that. */
export function BrokenPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const again = () => {
    reset()
    void router.invalidate()
  }
  return (
    <main id="main" tabIndex={-1} style={{ padding: '1.5rem', maxWidth: '48rem', marginInline: 'auto' }}>
      <Page title="This page can't be shown" actions={<Button onClick={() => window.location.reload()}>Reload the page</Button>}>
        <Failed error={error} onRetry={again} />
      </Page>
    </main>
  )
}
