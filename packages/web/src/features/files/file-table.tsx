import type { File as StoredFile } from '@holdfast/api'
import { UnstyledButton } from '@mantine/core'
import { IconFileDownload } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient, useMay, useUploadState } from '../../app/services.tsx'
import { ShortDigest } from '../../ui/copy.tsx'
import { sayFileStatus } from '../../ui/file-words.ts'
import { count } from '../../ui/format.ts'
import { PagedTable, rowsOf } from '../../ui/paged-table.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { Size, When } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { FileActions } from './file-actions.tsx'
import classes from './file-table.module.css'
import { type FilePlace, filesQuery } from './queries.ts'

type FileTableProps = { readonly place: FilePlace; readonly onOpen: (fileId: string) => void }

/** The stored files of one place. Rows that this tab is uploading right now show in its queue instead. */
export function FileTable({ place, onOpen }: FileTableProps) {
  const files = useInfiniteQuery(filesQuery(useClient(), place))
  const queued = useUploadState().rows
  const may = useMay()
  const columns = useMemo(() => fileColumns(onOpen), [onOpen])
  const inQueue = new Set(queued.map((row) => row.fileId))
  const rows = rowsOf(files)?.filter((file) => file.status !== 'PENDING_UPLOAD' || !inQueue.has(file.id))
  return (
    <PagedTable
      label="Stored files"
      query={files}
      rows={rows}
      columns={columns}
      rowKey={(file) => file.id}
      sayCount={(shown) => count(shown, 'file')}
      empty={<NoFiles mayUpload={may('file.upload')} />}
    />
  )
}

const NoFiles = ({ mayUpload }: { mayUpload: boolean }) => (
  <Empty icon={<IconFileDownload size={32} stroke={1.5} />} title="No files stored here yet">
    {mayUpload
      ? 'Drop files or folders anywhere on this section, paste them, or choose them. Each is sealed, stored, read back and proven.'
      : 'Files appear here once someone uploads them.'}
  </Empty>
)

const fileColumns = (onOpen: (fileId: string) => void): readonly Column<StoredFile>[] => [
  {
    id: 'name',
    header: 'Name',
    role: 'name',
    cell: (file) => (
      <UnstyledButton className={classes.name} onClick={() => onOpen(file.id)} title="Show details">
        <bdi>{visibleName(file.name)}</bdi>
      </UnstyledButton>
    ),
  },
  { id: 'size', header: 'Size', align: 'end', width: '6rem', cell: (file) => <Size bytes={file.size} /> },
  {
    id: 'sha256',
    header: 'SHA-256',
    width: '11.5rem',
    cell: (file) =>
      file.sha256 ? <ShortDigest value={file.sha256} of={visibleName(file.name)} /> : <span className={classes.none}>not known yet</span>,
  },
  { id: 'status', header: 'Status', width: '10.5rem', cell: (file) => <FileStatus file={file} /> },
  {
    id: 'uploaded',
    header: 'Uploaded',
    width: '11.5rem',
    cell: (file) => (
      <>
        <When at={file.createdAt} />
        <div className={classes.by}>by {file.uploadedBy}</div>
      </>
    ),
  },
  { id: 'actions', header: 'Actions', role: 'actions', width: '11rem', cell: (file) => <FileActions file={file} onOpen={onOpen} /> },
]

export function FileStatus({ file }: { file: StoredFile }) {
  const said = sayFileStatus(file)
  return (
    <StatusBadge tone={said.tone} explain={said.explain}>
      {said.label}
    </StatusBadge>
  )
}
