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
import { PagedTable, rowsOf } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
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
  const mayWrite = useMay()('case.write')
  const [creating, setCreating] = useState(false)
  const cases = useInfiniteQuery({ ...casesQuery(useClient(), q), placeholderData: keepPreviousData })
  const isFirst = rowsOf(cases)?.length === 0 && !q
  return (
    <Page
      title="Cases"
      hint="A case holds evidence items and files. Whatever happens to them is in the audit log."
      actions={
        mayWrite ? (
          <Button leftSection={<IconFolderPlus size={17} aria-hidden="true" />} onClick={() => setCreating(true)}>
            New case
          </Button>
        ) : null
      }
    >
      <Panel flush>
        {isFirst ? null : <SearchBox q={q} onSearch={onSearch} />}
        <PagedTable
          label="Cases"
          query={cases}
          columns={columns}
          rowKey={(row) => row.id}
          sayCount={(shown) => count(shown, 'case')}
          empty={q ? <NoMatch q={q} onClear={() => onSearch(undefined)} /> : <FirstCase mayCreate={mayWrite} />}
        />
      </Panel>
      <CreateCase opened={creating} onClose={() => setCreating(false)} />
    </Page>
  )
}

function SearchBox({ q, onSearch }: CaseListProps) {
  const [typed, setTyped] = useState(q ?? '')
  const search = useDebouncedCallback((text: string) => onSearch(text.trim() || undefined), 250)
  // The address may change without the box, by going back or by showing all.
  const [known, setKnown] = useState(q)
  if (known !== q) {
    setKnown(q)
    if ((q ?? '') !== typed.trim()) setTyped(q ?? '')
  }
  return (
    <TextInput
      type="search"
      aria-label="Search cases by number or title"
      placeholder="Search by number or title"
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value)
        search(event.currentTarget.value)
      }}
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
