import type { File as StoredFile } from '@holdfast/api'
import { Button, Drawer, Group, Stack } from '@mantine/core'
import { IconDownload, IconShieldCheck, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { FullDigest } from '../../ui/copy.tsx'
import { Facts } from '../../ui/facts.tsx'
import { sayFileStatus } from '../../ui/file-words.ts'
import { Notice } from '../../ui/notice.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { sayTarget } from '../../ui/target-kinds.ts'
import { ExactSize, When } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { DeleteFile } from './delete-file.tsx'
import { isDownloadable } from './download.ts'
import { FileEvents } from './file-events.tsx'
import { fileQuery } from './queries.ts'
import { useFileActions } from './use-file-actions.ts'

type FileDetailsProps = { readonly fileId: string | undefined; readonly onClose: () => void }

/** Everything that is known of one file, at the side of its table. */
export function FileDetails({ fileId, onClose }: FileDetailsProps) {
  return (
    <Drawer
      opened={fileId !== undefined}
      onClose={onClose}
      position="right"
      size="34rem"
      title="File details"
      closeButtonProps={{ 'aria-label': 'Close details' }}
    >
      {fileId ? <DetailsOf fileId={fileId} onClose={onClose} /> : null}
    </Drawer>
  )
}

function DetailsOf({ fileId, onClose }: { fileId: string; onClose: () => void }) {
  const found = useQuery(fileQuery(useClient(), fileId))
  if (found.isError && !found.data) return <Failed error={found.error} onRetry={() => found.refetch()} />
  if (!found.data) return <Busy>Loading the file</Busy>
  return <Details file={found.data} onClose={onClose} />
}

function Details({ file, onClose }: { file: StoredFile; onClose: () => void }) {
  const may = useMay()
  const said = sayFileStatus(file)
  return (
    <Stack gap="md">
      <h2 style={{ margin: 0, fontSize: '1.0625rem', overflowWrap: 'anywhere' }}>
        <bdi>{visibleName(file.name)}</bdi>
      </h2>
      <Notice tone={said.tone} title={said.label}>
        {said.explain}
      </Notice>
      <DetailActions file={file} onClose={onClose} />
      <Facts facts={factsOf(file)} />
      {may('audit.read') ? <FileEvents file={file} /> : null}
    </Stack>
  )
}

function DetailActions({ file, onClose }: { file: StoredFile; onClose: () => void }) {
  const actions = useFileActions(file)
  const [deleting, setDeleting] = useState(false)
  const remove = async () => {
    await actions.remove()
    onClose()
  }
  const { download, verify } = actions
  const icon = { size: 15, 'aria-hidden': true }
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
      {actions.mayDelete ? (
        <Button size="xs" variant="default" leftSection={<IconTrash {...icon} />} onClick={() => setDeleting(true)}>
          Delete
        </Button>
      ) : null}
      <DeleteFile file={file} opened={deleting} onClose={() => setDeleting(false)} onConfirm={remove} />
    </Group>
  )
}

function factsOf(file: StoredFile) {
  const agrees = file.sha256 !== null && file.declaredSha256 !== null
  return [
    ['Size', <ExactSize key="size" bytes={file.size} />],
    ['SHA-256, computed', file.sha256 ? <FullDigest key="sha" value={file.sha256} label="Copy computed SHA-256" /> : 'Not known yet'],
    [
      'SHA-256, declared',
      file.declaredSha256 ? (
        <FullDigest key="declared" value={file.declaredSha256} label="Copy declared SHA-256" />
      ) : (
        'The sender declared none'
      ),
    ],
    ['Digests', agrees ? (file.sha256 === file.declaredSha256 ? 'Declared and computed are equal' : 'Declared and computed differ') : null],
    ['Verified', file.verifiedAt ? <When key="verified" at={file.verifiedAt} full /> : 'Not yet'],
    ['Type', file.contentType],
    ['Protection', file.tier === 'secure' ? 'Sealed with AES-256-GCM under a key of its own' : 'Held by the storage target'],
    ['Storage target', sayTarget(file.target)],
    ['Uploaded by', file.uploadedBy],
    ['Uploaded', <When key="created" at={file.createdAt} full />],
    ['Ready since', file.readyAt ? <When key="ready" at={file.readyAt} full /> : null],
    ['File id', <FullDigest key="id" value={file.id} label="Copy file id" />],
  ] as const
}
