import type { Target } from '@holdfast/api'
import { ActionIcon, Button, Group, Menu, Modal } from '@mantine/core'
import { IconDots, IconGitCompare, IconListCheck, IconPencil, IconTransfer, IconTrash } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { When } from '../../ui/values.tsx'
import { Abilities } from './abilities.tsx'
import { DeleteTarget } from './delete-target.tsx'
import classes from './storage.module.css'
import { TestTarget } from './test-target.tsx'

type Opened = 'test' | 'abilities' | 'delete' | null

/** The test at hand, the rest in a menu. */
export function TargetActions({ target }: { target: Target }) {
  const [opened, setOpened] = useState<Opened>(null)
  const close = () => setOpened(null)
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <Button size="compact-sm" variant="default" aria-label={`Test connection: ${target.name}`} onClick={() => setOpened('test')}>
        Test
      </Button>
      <TargetMenu target={target} onOpen={setOpened} />
      <TestTarget target={target} opened={opened === 'test'} onClose={close} />
      <DeleteTarget target={target} opened={opened === 'delete'} onClose={close} />
      <Modal opened={opened === 'abilities'} onClose={close} title={`What ${target.name} can do`}>
        {target.capabilities ? <Abilities found={target.capabilities} /> : <p>Run Test connection: it finds out by trying.</p>}
        {target.capabilities ? (
          <p className={classes.kind}>
            Found out <When at={target.capabilities.at} />, by trying.
          </p>
        ) : null}
      </Modal>
    </Group>
  )
}

type TargetMenuProps = { readonly target: Target; readonly onOpen: (what: Opened) => void }

function TargetMenu({ target, onOpen }: TargetMenuProps) {
  const navigate = useNavigate()
  const opener = useRef<HTMLButtonElement>(null)
  /** The item is gone once its dialog closes; what opened the menu gets the focus back instead. */
  const choose = (what: Opened) => () => {
    opener.current?.focus()
    onOpen(what)
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon ref={opener} aria-label={`More actions for ${target.name}`}>
          <IconDots size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconPencil size={16} />}
          onClick={() => void navigate({ to: '/settings/storage/$targetId', params: { targetId: target.id } })}
        >
          Edit
        </Menu.Item>
        <Menu.Item leftSection={<IconListCheck size={16} />} onClick={choose('abilities')}>
          What it can do
        </Menu.Item>
        <Menu.Item
          leftSection={<IconTransfer size={16} />}
          onClick={() => void navigate({ to: '/settings/migrations/new', search: { from: target.id } })}
        >
          Migrate away
        </Menu.Item>
        <Menu.Item
          leftSection={<IconGitCompare size={16} />}
          onClick={() => void navigate({ to: '/settings/storage/$targetId/reconciliations', params: { targetId: target.id } })}
        >
          Reconcile with records
        </Menu.Item>
        {target.builtin ? null : (
          <Menu.Item leftSection={<IconTrash size={16} />} c="var(--mantine-color-error)" onClick={choose('delete')}>
            Delete
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
