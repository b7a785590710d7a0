import type { Case } from '@holdfast/api'
import { Button, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconFolderPlus, IconFolders, IconSearch } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { count, formatNumber } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { type Column, RecordTable } from '../../ui/record-table.tsx'
import { Empty, Failed, More } from '../../ui/states.tsx'
import { Size, When } from '../../ui/values.tsx'
import { CreateCase } from './create-case.tsx'
import { casesQuery } from './queries.ts'

const columns: readonly Column<Case>[] = [
  {
    id: 'number',
    header: 'Number',
    role: 'name',
    width: '13rem',
    cell: (row) => (
      <TextLink to="/cases/$caseId" params={{ caseId: row.id }} fw={500}>
        {row.number}
      </TextLink>
    ),
  },
  { id: 'title', header: 'Title', cell: (row) => row.title },
  {
    id: 'files',
    header: 'Files',
    align: 'end',
    width: '6rem',
    cell: (row) => <span className="hf-number">{formatNumber(row.fileCount)}</span>,
  },
  { id: 'size', header: 'Size', align: 'end', width: '7rem', cell: (row) => <Size bytes={row.totalBytes} /> },
  { id: 'created', header: 'Created', width: '12rem', cell: (row) => <When at={row.createdAt} /> },
]

type CaseListProps = { readonly q: string | undefined; readonly onSearch: (q: string | undefined) => void }

export function CaseList({ q, onSearch }: CaseListProps) {
  const client = useClient()
  const may = useMay()
  const [creating, setCreating] = useState(false)
  const cases = useInfiniteQuery({ ...casesQuery(client, q), placeholderData: keepPreviousData })
  const rows = cases.data?.pages.flatMap((page) => page.items)
  const newCase = may('case.write') ? (
    <Button leftSection={<IconFolderPlus size={17} aria-hidden="true" />} onClick={() => setCreating(true)}>
      New case
    </Button>
  ) : null
  const isFirst = rows?.length === 0 && !q
  return (
    <Page title="Cases" hint="A case holds evidence items and files. Everything stored under it is sealed and logged." actions={newCase}>
      {cases.isError ? (
        <Failed error={cases.error} what="Cases can't be shown" onRetry={() => cases.refetch()} />
      ) : (
        <Panel flush>
          {isFirst ? <FirstCase mayCreate={may('case.write')} /> : <SearchBox q={q} onSearch={onSearch} />}
          {rows?.length === 0 && q ? <NoMatch q={q} onClear={() => onSearch(undefined)} /> : null}
          {rows?.length === 0 ? null : (
            <>
              <RecordTable label="Cases" columns={columns} rows={rows} rowKey={(row) => row.id} />
              <More
                hasMore={cases.hasNextPage}
                loading={cases.isFetchingNextPage}
                onMore={() => cases.fetchNextPage()}
                shown={rows ? `${count(rows.length, 'case')}${cases.hasNextPage ? ' shown' : ''}` : 'Loading cases'}
              />
            </>
          )}
        </Panel>
      )}
      <CreateCase opened={creating} onClose={() => setCreating(false)} />
    </Page>
  )
}

function SearchBox({ q, onSearch }: CaseListProps) {
  const search = useDebouncedCallback((text: string) => onSearch(text.trim() || undefined), 250)
  return (
    <TextInput
      type="search"
      aria-label="Search cases by number or title"
      placeholder="Search by number or title"
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      defaultValue={q ?? ''}
      onChange={(event) => search(event.currentTarget.value)}
      maw="24rem"
      m="sm"
    />
  )
}

function NoMatch({ q, onClear }: { q: string; onClear: () => void }) {
  return (
    <Empty
      icon={<IconSearch size={30} stroke={1.5} />}
      title={`No case has “${q}” in its number or title`}
      action={
        <Button variant="default" onClick={onClear}>
          Show all cases
        </Button>
      }
    />
  )
}

function FirstCase({ mayCreate }: { mayCreate: boolean }) {
  return (
    <Empty icon={<IconFolders size={34} stroke={1.5} />} title="No cases yet">
      {mayCreate
        ? 'Choose New case to make one, then drop files on it. Each file is sealed before it reaches the disk, read back, and proven by its SHA-256 digest; every step lands in the audit log.'
        : 'Cases appear here once an examiner or an administrator makes one.'}
    </Empty>
  )
}
