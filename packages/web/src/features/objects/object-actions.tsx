import type { StoredObject } from '@holdfast/api'
import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconDownload, IconTrash } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { formatBytes } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { openUnseen, saveFrom } from '../../ui/start-download.ts'
import { tellFault } from '../../ui/tell-fault.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { visibleName } from '../../ui/visible-name.ts'
import { isDownloadable } from './object-words.ts'
import { ownAddress } from './own-address.ts'

export function ObjectActions({ object }: { object: StoredObject }) {
  const may = useMay()
  const [deleting, setDeleting] = useState(false)
  return (
    <>
      {may('file.download') && isDownloadable(object) ? <Download object={object} /> : null}
      {may('file.delete') ? (
        <Button variant="default" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={() => setDeleting(true)}>
          Delete
        </Button>
      ) : null}
      <DeleteObject object={object} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  )
}

function Download({ object }: { object: StoredObject }) {
  const client = useClient()
  const refresh = useRefresh()
  const name = visibleName(object.originalFilename)
  const download = useMutation({
    mutationFn: async () => {
      const { downloadUrl } = await client.objects.downloadUrl(object.id, { disposition: 'attachment' })
      const ours = ownAddress(downloadUrl, object.id)
      if (ours) saveFrom(ours, object.originalFilename)
      else openUnseen(downloadUrl)
    },
    onError: (error) => tellFault(`“${name}” can't be downloaded`, error),
    onSettled: () => refresh(keys.objects, keys.audit),
  })
  return (
    <Button leftSection={<IconDownload size={16} aria-hidden="true" />} loading={download.isPending} onClick={() => download.mutate()}>
      Download
    </Button>
  )
}

function DeleteObject({ object, opened, onClose }: { object: StoredObject; opened: boolean; onClose: () => void }) {
  const client = useClient()
  const refresh = useRefresh()
  const navigate = useNavigate()
  const name = visibleName(object.originalFilename)
  const remove = async () => {
    await client.objects.remove(object.id)
    await navigate({ to: '/files' })
    void refresh(keys.objects, keys.targets, keys.audit)
    notifications.show({ title: 'File deleted', message: `“${name}” was removed with its stored object.` })
  }
  return (
    <Confirm opened={opened} onClose={onClose} title="Delete this file?" action="Delete file" onConfirm={remove}>
      <p style={{ marginTop: 0 }}>
        This removes <strong style={{ overflowWrap: 'anywhere' }}>{name}</strong> ({formatBytes(object.fileSize)}) of{' '}
        {object.ownerEntityType} {object.ownerEntityId} and its stored object, for good. The app that stored it finds it no more.
      </p>
      {object.held ? (
        <Notice tone="attention" title="A legal hold covers it">
          The server refuses to delete it until every hold on it is released.
        </Notice>
      ) : (
        <p style={{ marginBottom: 0 }}>The audit log keeps its name, digest and history.</p>
      )}
    </Confirm>
  )
}
