import type { File as StoredFile } from '@holdfast/api'
import { Drawer, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { sayFileStatus } from '../../ui/file-words.ts'
import { Notice } from '../../ui/notice.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { DetailActions } from './detail-actions.tsx'
import { FileEvents } from './file-events.tsx'
import { factsOf } from './file-facts.tsx'
import { ReadingBar } from './file-state.tsx'
import { fileQuery } from './queries.ts'

type FileDetailsProps = {
  readonly fileId: string | undefined
  readonly onClose: () => void
  /** The legal holds that cover it; another part of the app makes them. */
  readonly holds: (file: StoredFile) => ReactNode
}

/** Everything that is known of one file, at the side of its table. */
export function FileDetails({ fileId, onClose, holds }: FileDetailsProps) {
  return (
    <Drawer
      opened={fileId !== undefined}
      onClose={onClose}
      position="right"
      size="34rem"
      title="File details"
      closeButtonProps={{ 'aria-label': 'Close details' }}
    >
      {fileId ? <DetailsOf fileId={fileId} onClose={onClose} holds={holds} /> : null}
    </Drawer>
  )
}

function DetailsOf({ fileId, ...rest }: Omit<FileDetailsProps, 'fileId'> & { readonly fileId: string }) {
  const found = useQuery(fileQuery(useClient(), fileId))
  if (found.isError && !found.data) return <Failed error={found.error} onRetry={() => found.refetch()} />
  if (!found.data) return <Busy>Loading the file</Busy>
  return <Details file={found.data} {...rest} />
}

function Details({ file, onClose, holds }: Omit<FileDetailsProps, 'fileId'> & { readonly file: StoredFile }) {
  const may = useMay()
  const said = sayFileStatus(file)
  return (
    <Stack gap="md">
      <h2 style={{ margin: 0, fontSize: '1.0625rem', overflowWrap: 'anywhere' }}>
        <bdi>{visibleName(file.name)}</bdi>
      </h2>
      <Notice tone={said.tone} title={said.label}>
        {said.explain}
        <ReadingBar file={file} />
      </Notice>
      <DetailActions file={file} onClose={onClose} />
      {holds(file)}
      <Facts facts={factsOf(file)} />
      {may('audit.read') ? <FileEvents fileId={file.id} /> : null}
    </Stack>
  )
}
