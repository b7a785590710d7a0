import type { File as StoredFile } from '@holdfast/api'
import { Button, Group } from '@mantine/core'
import { IconDownload, IconHash, IconShieldCheck, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { DeleteFile } from './delete-file.tsx'
import { isDownloadable } from './download.ts'
import { HashWarning } from './hash-warning.tsx'
import { useFileActions } from './use-file-actions.ts'
import { useHashing } from './use-hashing.ts'

const icon = { size: 15, 'aria-hidden': true }

/** What can be done with the file whose details are open. */
export function DetailActions({ file, onClose }: { file: StoredFile; onClose: () => void }) {
  const actions = useFileActions(file)
  const [deleting, setDeleting] = useState(false)
  const remove = async () => {
    await actions.remove()
    onClose()
  }
  const { download, verify } = actions
  return (
    <Group gap="xs">
      {actions.mayDownload && isDownloadable(file) ? (
        <Button size="xs" leftSection={<IconDownload {...icon} />} loading={download.isPending} onClick={() => download.mutate()}>
          Download
        </Button>
      ) : null}
      {actions.mayVerify ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconShieldCheck {...icon} />}
          loading={verify.isPending}
          onClick={() => verify.mutate()}
        >
          Verify again
        </Button>
      ) : null}
      <HashButtons file={file} />
      {actions.mayDelete ? (
        <Button size="xs" variant="default" leftSection={<IconTrash {...icon} />} onClick={() => setDeleting(true)}>
          Delete
        </Button>
      ) : null}
      <DeleteFile file={file} opened={deleting} onClose={() => setDeleting(false)} onConfirm={remove} />
    </Group>
  )
}

function HashButtons({ file }: { file: StoredFile }) {
  const hashing = useHashing(file)
  return (
    <>
      {hashing.action ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconHash {...icon} />}
          title={hashing.action.explain}
          loading={hashing.pending}
          onClick={hashing.start}
        >
          {hashing.action.label}
        </Button>
      ) : null}
      {hashing.mayStop ? (
        <Button size="xs" variant="default" loading={hashing.stop.isPending} onClick={() => hashing.stop.mutate()}>
          Cancel reading back
        </Button>
      ) : null}
      <HashWarning file={file} hashing={hashing} />
    </>
  )
}
