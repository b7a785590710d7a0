import { ActionIcon, Menu } from '@mantine/core'
import { IconLogout, IconUserCircle } from '@tabler/icons-react'
import { useState } from 'react'
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
  const [asking, setAsking] = useState(false)
  if (!me) return null
  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon size="lg" aria-label={`Account: ${me.name}`}>
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
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden="true" />}
            onClick={() => (pending > 0 && !session.ended() ? setAsking(true) : void signOut())}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm opened={asking} onClose={() => setAsking(false)} title="Sign out during an upload?" action="Sign out" onConfirm={signOut}>
        {count(pending, 'upload')} would be interrupted. The server keeps what it has; sign in again and choose the same files to go on.
      </Confirm>
    </>
  )
}
