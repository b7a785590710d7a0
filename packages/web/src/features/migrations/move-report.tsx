import type { Migration, Move } from '@holdfast/api'
import { NativeSelect } from '@mantine/core'
import { IconListCheck } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { ShortDigest } from '../../ui/copy.tsx'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { Size, When } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { moveStatusNames, moveStatusWords } from './migration-words.ts'
import classes from './migrations.module.css'
import { movesQuery } from './queries.ts'

type MoveReportProps = {
  readonly migration: Migration
  readonly status: Move['status'] | undefined
  readonly onStatus: (status: Move['status'] | undefined) => void
}

/** What became of each file, newest first. */
export function MoveReport({ migration, status, onStatus }: MoveReportProps) {
  const live = migration.status === 'running'
  const list = { id: migration.id, status, live }
  const moves = useInfiniteQuery({ ...movesQuery(useClient(), list), placeholderData: keepPreviousData })
  return (
    <Panel title="Report" hint="What became of each file, the latest first." flush>
      <NativeSelect
        label="Show"
        maw="14rem"
        m="sm"
        value={status ?? ''}
        onChange={(event) => onStatus(moveStatusNames.find((one) => one === event.currentTarget.value))}
        data={[{ value: '', label: 'All files' }, ...moveStatusNames.map((one) => ({ value: one, label: moveStatusWords[one].label }))]}
      />
      <PagedTable
        label="Files of this migration"
        query={moves}
        columns={columns}
        rowKey={(move) => move.id}
        sayCount={(shown) => count(shown, 'file')}
        empty={
          <Empty icon={<IconListCheck size={32} stroke={1.5} />} title={status ? 'No file has this outcome' : 'No file was taken up yet'} />
        }
      />
    </Panel>
  )
}

const columns: readonly Column<Move>[] = [
  {
    id: 'file',
    header: 'File',
    role: 'name',
    cell: (move) => (
      <div>
        <FileLink move={move} />
        {move.error ? <div className={classes.error}>{move.error}</div> : null}
      </div>
    ),
  },
  {
    id: 'status',
    header: 'Outcome',
    width: '9rem',
    cell: (move) => (
      <StatusBadge tone={moveStatusWords[move.status].tone} explain={moveStatusWords[move.status].explain}>
        {moveStatusWords[move.status].label}
      </StatusBadge>
    ),
  },
  { id: 'bytes', header: 'Stored size', align: 'end', width: '8rem', cell: (move) => <Size bytes={move.bytes} /> },
  {
    id: 'sha256',
    header: 'SHA-256 of the stored bytes',
    width: '14rem',
    cell: (move) =>
      move.objectSha256 ? <ShortDigest value={move.objectSha256} of={`the stored bytes of ${visibleName(move.fileName)}`} /> : null,
  },
  { id: 'finished', header: 'Ended', width: '12.75rem', cell: (move) => (move.finishedAt ? <When at={move.finishedAt} /> : null) },
]

/** To the file where it belongs, with its details open. */
function FileLink({ move }: { move: Move }) {
  const name = <bdi>{visibleName(move.fileName)}</bdi>
  const { caseId, itemId, fileId: file } = move
  if (caseId === null)
    return (
      <TextLink to="/files/$fileId" params={{ fileId: file }}>
        {name}
      </TextLink>
    )
  return itemId === null ? (
    <TextLink to="/cases/$caseId" params={{ caseId }} search={{ file }}>
      {name}
    </TextLink>
  ) : (
    <TextLink to="/cases/$caseId/items/$itemId" params={{ caseId, itemId }} search={{ file }}>
      {name}
    </TextLink>
  )
}
