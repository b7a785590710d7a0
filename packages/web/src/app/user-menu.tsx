import type { Me } from '@holdfast/api'
import { ActionIcon, Menu } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconLockPassword, IconLogout, IconUserCircle } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { ChangePassword } from '../features/session/change-password.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { count } from '../ui/format.ts'
import { sayProblem } from '../ui/problem-words.ts'
import { roleWords } from '../ui/role-words.ts'
import { useMe, useUploadState } from './services.tsx'
import classes from './shell.module.css'
import { useSignOut } from './use-sign-out.ts'

const tellFailure = (error: unknown) => {
  const said = sayProblem(error)
  notifications.show({ color: 'red', title: 'You are still signed in', message: `${said.title}. ${said.text}` })
}

const WhoAmI = ({ me }: { me: Me }) => (
  <div className={classes.whoAmI}>
    <strong>{me.name}</strong>
    <span>{me.email}</span>
    <span>
      {roleWords[me.role].label} of {me.tenant.name}
    </span>
  </div>
)

export function UserMenu() {
  const [me, signOut, { pending }] = [useMe(), useSignOut(), useUploadState()]
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
          <WhoAmI me={me} />
          <Menu.Divider />
          <Menu.Item leftSection={<IconLockPassword size={16} aria-hidden="true" />} onClick={() => ask('password')}>
            Change password
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden="true" />}
            onClick={() => (pending > 0 ? ask('sign-out') : void signOut().catch(tellFailure))}
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
