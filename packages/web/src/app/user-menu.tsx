import { ActionIcon, Menu } from '@mantine/core'
import { IconLockPassword, IconLogout, IconUserCircle } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { ChangePassword } from '../features/session/change-password.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { count } from '../ui/format.ts'
import { roleWords } from '../ui/role-words.ts'
import { useMe, useServices, useUploadState } from './services.tsx'
import { useSignOut } from './use-sign-out.ts'

export function UserMenu() {
  const me = useMe()
  const { pending } = useUploadState()
  const { session } = useServices()
  const signOut = useSignOut()
  const [open, setOpen] = useState<'password' | 'sign-out' | null>(null)
  const close = () => setOpen(null)
  const opener = useRef<HTMLButtonElement>(null)
  const ask = (what: 'password' | 'sign-out') => {
    opener.current?.focus()
    setOpen(what)
  }
  if (!me) return null
  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon ref={opener} size="lg" aria-label={`Account: ${me.name}`}>
            <IconUserCircle size={21} stroke={1.75} aria-hidden="true" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <div style={{ padding: '0.375rem 0.75rem 0.5rem', fontSize: '0.8125rem', overflowWrap: 'anywhere' }}>
            <strong style={{ fontSize: '0.875rem' }}>{me.name}</strong>
            <div style={{ color: 'var(--mantine-color-dimmed)' }}>{me.email}</div>
            <div style={{ color: 'var(--mantine-color-dimmed)' }}>
              {roleWords[me.role].label} of {me.tenant.name}
            </div>
          </div>
          <Menu.Divider />
          <Menu.Item leftSection={<IconLockPassword size={16} aria-hidden="true" />} onClick={() => ask('password')}>
            Change password
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden="true" />}
            onClick={() => (pending > 0 && !session.ended() ? ask('sign-out') : void signOut())}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ChangePassword opened={open === 'password'} onClose={close} />
      <Confirm opened={open === 'sign-out'} onClose={close} title="Sign out during an upload?" action="Sign out" onConfirm={signOut}>
        {count(pending, 'upload')} would be interrupted. The server keeps what it has; sign in again and choose the same files to go on.
      </Confirm>
    </>
  )
}
