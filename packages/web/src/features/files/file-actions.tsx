import type { File as StoredFile } from '@holdfast/api'
import { ActionIcon, Button, Group, Menu } from '@mantine/core'
import { IconDots, IconDownload, IconInfoCircle, IconShieldCheck, IconTrash } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { visibleName } from '../../ui/visible-name.ts'
import { DeleteFile } from './delete-file.tsx'
import { isDownloadable } from './download.ts'
import { type FileActionSet, useFileActions } from './use-file-actions.ts'

/** Download at hand, the rest in a menu. */
export function FileActions({ file, onOpen }: { file: StoredFile; onOpen: (fileId: string) => void }) {
  const actions = useFileActions(file)
  const [deleting, setDeleting] = useState(false)
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      {actions.mayDownload && isDownloadable(file) ? (
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
      ) : null}
      <FileMenu file={file} actions={actions} onDetails={() => onOpen(file.id)} onDelete={() => setDeleting(true)} />
      <DeleteFile file={file} opened={deleting} onClose={() => setDeleting(false)} onConfirm={actions.remove} />
    </Group>
  )
}

type FileMenuProps = {
  readonly file: StoredFile
  readonly actions: FileActionSet
  readonly onDetails: () => void
  readonly onDelete: () => void
}

function FileMenu({ file, actions, onDetails, onDelete }: FileMenuProps) {
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
        {actions.mayDelete ? (
          <Menu.Item leftSection={<IconTrash size={16} />} c="var(--mantine-color-error)" onClick={choose(onDelete)}>
            Delete
          </Menu.Item>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  )
}
