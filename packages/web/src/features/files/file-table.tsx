import type { File as StoredFile } from '@holdfast/api'
import { UnstyledButton } from '@mantine/core'
import { IconFileDownload } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient, useMay, useUploadState } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { PagedTable, rowsOf } from '../../ui/paged-table.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { type SectionTier, sectionWords } from '../../ui/tier-words.ts'
import { Size, When } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { FileActions } from './file-actions.tsx'
import { FileDigest, FileStatus } from './file-state.tsx'
import classes from './file-table.module.css'
import { type FilePlace, filesQuery } from './queries.ts'
import { useHashEnds } from './use-hash-ends.ts'

type FileTableProps = { readonly place: FilePlace; readonly onOpen: (fileId: string) => void }

/** The stored files of one tier in one place. Rows that this tab is uploading right now show in its queue instead. */
export function FileTable({ place, onOpen }: FileTableProps) {
  const files = useInfiniteQuery(filesQuery(useClient(), place))
  const queued = useUploadState().rows
  const may = useMay()
  const columns = useMemo(() => fileColumns(onOpen), [onOpen])
  const inQueue = new Set(queued.map((row) => row.fileId))
  const { data } = files
  const stored = useMemo(() => rowsOf({ data }), [data])
  useHashEnds(stored)
  return (
    <PagedTable
      label={sectionWords[place.tier].table}
      query={files}
      rows={stored?.filter((file) => file.status !== 'PENDING_UPLOAD' || !inQueue.has(file.id))}
      columns={columns}
      rowKey={(file) => file.id}
      sayCount={(shown) => count(shown, 'file')}
      empty={<NoFiles tier={place.tier} mayUpload={may('file.upload')} />}
    />
  )
}

const NoFiles = ({ tier, mayUpload }: { tier: SectionTier; mayUpload: boolean }) => (
  <Empty icon={<IconFileDownload size={32} stroke={1.5} />} title="No files stored here yet">
    {mayUpload
      ? `Drop files or folders anywhere on this section, paste them, or choose them. ${sectionWords[tier].fate}`
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
  { id: 'sha256', header: 'SHA-256', width: '11rem', cell: (file) => <FileDigest file={file} /> },
  { id: 'status', header: 'Status', width: '10.5rem', cell: (file) => <FileStatus file={file} /> },
  {
    id: 'uploaded',
    header: 'Uploaded',
    width: '12.5rem',
    cell: (file) => (
      <>
        <When at={file.createdAt} />
        <div className={classes.by}>{file.discovered ? 'found by Sync' : `by ${file.uploadedBy}`}</div>
      </>
    ),
  },
  { id: 'actions', header: 'Actions', role: 'actions', width: '11rem', cell: (file) => <FileActions file={file} onOpen={onOpen} /> },
]
