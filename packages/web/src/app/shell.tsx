import { AppShell, Burger, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { TextLink } from '../ui/links.tsx'
import { ColorSchemeMenu } from './color-scheme-menu.tsx'
import { LeaveGuard } from './leave-guard.tsx'
import { Navigation } from './navigation.tsx'
import { PolicyWatch } from './policy-watch.tsx'
import { useMe } from './services.tsx'
import { SessionEnded } from './session-ended.tsx'
import classes from './shell.module.css'
import { UploadAnnouncer } from './upload-announcer.tsx'
import { UploadIndicator } from './upload-indicator.tsx'
import { UserMenu } from './user-menu.tsx'

/** The frame of every page behind sign-in. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false)
  const { pathname } = useLocation()
  const main = useRef<HTMLElement>(null)
  const shown = useRef(pathname)
  useEffect(() => {
    if (shown.current === pathname) return
    shown.current = pathname
    close()
    // Keyboard and screen reader go on where the new page begins.
    main.current?.focus({ preventScroll: true })
  }, [pathname, close])
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a href="#main" className="hf-skip-link">
        Skip to content
      </a>
      <AppShell.Header className={classes.header} zIndex={101}>
        <HeaderRow opened={opened} onToggle={toggle} />
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} data-opened={opened || undefined}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main ref={main} id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <UploadAnnouncer />
      <LeaveGuard />
      <PolicyWatch />
      <SessionEnded />
    </AppShell>
  )
}

function HeaderRow({ opened, onToggle }: { opened: boolean; onToggle: () => void }) {
  const me = useMe()
  return (
    <Group h="100%" px="sm" gap="sm" wrap="nowrap" justify="space-between">
      <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
        <Burger
          opened={opened}
          onClick={onToggle}
          hiddenFrom="sm"
          size="sm"
          aria-label={opened ? 'Close navigation' : 'Open navigation'}
          aria-expanded={opened}
        />
        <TextLink to="/cases" className={classes.brand} underline="never">
          <img src="/favicon.svg" alt="" width={22} height={22} />
          Holdfast
        </TextLink>
        {me && me.tenant.name !== 'Holdfast' ? <span className={classes.tenant}>{me.tenant.name}</span> : null}
      </Group>
      <Group gap={6} wrap="nowrap">
        <UploadIndicator />
        <ColorSchemeMenu />
        <UserMenu />
      </Group>
    </Group>
  )
}
