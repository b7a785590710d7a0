import { IconListSearch } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient } from '../../app/services.tsx'
import { fileNamesIn } from '../../ui/audit-words.ts'
import { count } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { PagedTable, rowsOf } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty } from '../../ui/states.tsx'
import { useActorChoices } from './actor-filter.tsx'
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
  const { data } = entries
  const rows = useMemo(() => rowsOf({ data }) ?? [], [data])
  const actors = useActorChoices(rows)
  const columns = useMemo(() => entryColumns(search, onSearch, fileNamesIn(rows)), [search, onSearch, rows])
  return (
    <Page
      title="Audit log"
      hint="Everything that happened, in a log that nobody can change unnoticed: each entry is a leaf of a signed Merkle tree."
      actions={<ExportButtons search={search} />}
    >
      <Checkpoint />
      <Panel flush>
        <AuditFilters search={search} onSearch={onSearch} actors={actors} />
        <PagedTable
          label="Audit entries"
          query={entries}
          columns={columns}
          rowKey={(entry) => entry.id}
          sayCount={(shown) => `${count(shown, 'entry', 'entries')}, newest first`}
          empty={<NoEntries filtered={hasFilter(search)} />}
          placeholderRows={8}
        />
      </Panel>
      <EntryDetails entry={rows.find((entry) => entry.id === search.entry)} onClose={() => onSearch({ ...search, entry: undefined })} />
    </Page>
  )
}

const NoEntries = ({ filtered }: { filtered: boolean }) => (
  <Empty icon={<IconListSearch size={32} stroke={1.5} />} title={filtered ? 'No entry matches these filters' : 'No entries yet'}>
    {filtered ? 'Take a filter away to see more.' : 'The first sign-in, case or upload is the first entry.'}
  </Empty>
)
