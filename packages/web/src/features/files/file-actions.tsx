import type { File as StoredFile } from '@holdfast/api'
import { ActionIcon, Button, Group, Menu } from '@mantine/core'
import { IconDots, IconDownload, IconHash, IconInfoCircle, IconShieldCheck, IconTrash } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { visibleName } from '../../ui/visible-name.ts'
import { DeleteFile } from './delete-file.tsx'
import { isDownloadable } from './download.ts'
import { HashWarning } from './hash-warning.tsx'
import { type FileActionSet, useFileActions } from './use-file-actions.ts'
import { type Hashing, useHashing } from './use-hashing.ts'

/** What is wanted most at hand (to stop what runs, else to download), the rest in a menu. */
export function FileActions({ file, onOpen }: { file: StoredFile; onOpen: (fileId: string) => void }) {
  const actions = useFileActions(file)
  const hashing = useHashing(file)
  const [deleting, setDeleting] = useState(false)
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      {hashing.mayStop ? <StopReading file={file} hashing={hashing} /> : <DownloadButton file={file} actions={actions} />}
      <FileMenu file={file} actions={actions} hashing={hashing} onDetails={() => onOpen(file.id)} onDelete={() => setDeleting(true)} />
      <HashWarning file={file} hashing={hashing} />
      <DeleteFile file={file} opened={deleting} onClose={() => setDeleting(false)} onConfirm={actions.remove} />
    </Group>
  )
}

function DownloadButton({ file, actions }: { file: StoredFile; actions: FileActionSet }) {
  if (!actions.mayDownload || !isDownloadable(file)) return null
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<IconDownload size={15} aria-hidden="true" />}
      aria-label={`Download ${visibleName(file.name)}`}
      loading={actions.download.isPending}
      onClick={() => actions.download.mutate()}
    >
      Download
    </Button>
  )
}

const StopReading = ({ file, hashing }: { file: StoredFile; hashing: Hashing }) => (
  <Button
    size="compact-sm"
    variant="default"
    aria-label={`Cancel reading ${visibleName(file.name)} back`}
    loading={hashing.stop.isPending}
    onClick={() => hashing.stop.mutate()}
  >
    Cancel
  </Button>
)

type FileMenuProps = {
  readonly file: StoredFile
  readonly actions: FileActionSet
  readonly hashing: Hashing
  readonly onDetails: () => void
  readonly onDelete: () => void
}

function FileMenu({ file, actions, hashing, onDetails, onDelete }: FileMenuProps) {
  const opener = useRef<HTMLButtonElement>(null)
  /** The item is gone once its dialog closes; what opened the menu gets the focus back instead. */
  const choose = (act: () => void) => () => {
    opener.current?.focus()
    act()
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon ref={opener} aria-label={`More actions for ${visibleName(file.name)}`}>
          <IconDots size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconInfoCircle size={16} />} onClick={choose(onDetails)}>
          Details
        </Menu.Item>
        {actions.mayVerify ? (
          <Menu.Item leftSection={<IconShieldCheck size={16} />} onClick={() => actions.verify.mutate()}>
            Verify again
          </Menu.Item>
        ) : null}
        {hashing.action ? (
          <Menu.Item leftSection={<IconHash size={16} />} title={hashing.action.explain} onClick={choose(hashing.start)}>
            {hashing.action.label}
          </Menu.Item>
        ) : null}
        {actions.mayDelete ? (
          <Menu.Item leftSection={<IconTrash size={16} />} c="var(--mantine-color-error)" onClick={choose(onDelete)}>
            Delete
          </Menu.Item>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  )
}
