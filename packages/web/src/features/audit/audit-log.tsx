import { IconListSearch } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient } from '../../app/services.tsx'
import { fileNamesIn } from '../../ui/audit-words.ts'
import { count } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { RecordTable } from '../../ui/record-table.tsx'
import { Empty, Failed, More } from '../../ui/states.tsx'
import { AuditFilters } from './audit-filters.tsx'
import { Checkpoint } from './checkpoint.tsx'
import { entryColumns } from './entry-columns.tsx'
import { EntryDetails } from './entry-details.tsx'
import { ExportButtons } from './export-buttons.tsx'
import { type AuditSearch, hasFilter } from './filters.ts'
import { entriesQuery } from './queries.ts'

type AuditLogProps = { readonly search: AuditSearch; readonly onSearch: (search: AuditSearch) => void }

export function AuditLog({ search, onSearch }: AuditLogProps) {
  const entries = useInfiniteQuery({ ...entriesQuery(useClient(), search), placeholderData: keepPreviousData })
  const rows = entries.data?.pages.flatMap((page) => page.items)
  const data = entries.data
  const columns = useMemo(
    () => entryColumns(search, onSearch, fileNamesIn(data?.pages.flatMap((page) => page.items) ?? [])),
    [search, onSearch, data],
  )
  return (
    <Page
      title="Audit log"
      hint="Everything that happened, in a log that nobody can change unnoticed: each entry is a leaf of a signed Merkle tree."
      actions={<ExportButtons search={search} />}
    >
      <Checkpoint />
      <Panel flush>
        <AuditFilters search={search} onSearch={onSearch} />
        {entries.isError ? (
          <div style={{ padding: '0.875rem' }}>
            <Failed error={entries.error} what="Entries can't be shown" onRetry={() => entries.refetch()} />
          </div>
        ) : rows?.length === 0 ? (
          <Empty
            icon={<IconListSearch size={32} stroke={1.5} />}
            title={hasFilter(search) ? 'No entry matches these filters' : 'No entries yet'}
          >
            {hasFilter(search) ? 'Take a filter away to see more.' : 'The first sign-in, case or upload is the first entry.'}
          </Empty>
        ) : (
          <>
            <RecordTable label="Audit entries" columns={columns} rows={rows} rowKey={(entry) => entry.id} placeholderRows={8} />
            <More
              hasMore={entries.hasNextPage}
              loading={entries.isFetchingNextPage}
              onMore={() => entries.fetchNextPage()}
              shown={rows ? `${count(rows.length, 'entry', 'entries')} shown, newest first` : 'Loading entries'}
            />
          </>
        )}
      </Panel>
      <EntryDetails entry={rows?.find((entry) => entry.id === search.entry)} onClose={() => onSearch({ ...search, entry: undefined })} />
    </Page>
  )
}
