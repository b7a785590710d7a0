import type { StoredObject } from '@holdfast/api'
import { IconFileSearch } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { ChoiceFilter, ClearFilters, Filters, TextFilter } from '../../ui/filters.tsx'
import { count } from '../../ui/format.ts'
import { ownerIdFault, ownerTypeFault } from '../../ui/owner-words.ts'
import { Page } from '../../ui/page.tsx'
import { PagedTable, rowsOf } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { NoObjects } from './no-objects.tsx'
import { hasFilter, type ObjectSearch, toFilter } from './object-filter.ts'
import { nameColumn, sizeColumn, statusColumn, uploadedColumn } from './object-parts.tsx'
import { objectStatusNames, objectStatusWords } from './object-words.ts'
import classes from './objects.module.css'
import { classNamesQuery, objectsQuery } from './queries.ts'

const columns: readonly Column<StoredObject>[] = [
  nameColumn,
  {
    id: 'owner',
    header: 'Owner',
    width: '12rem',
    cell: ({ ownerEntityType, ownerEntityId }) => (
      <>
        {ownerEntityType}
        <div className={classes.dim}>{ownerEntityId}</div>
      </>
    ),
  },
  { id: 'class', header: 'Class', width: '13rem', cell: (object) => <span className="hf-mono">{object.objectClass}</span> },
  sizeColumn,
  statusColumn,
  uploadedColumn,
]

type ObjectListProps = { readonly search: ObjectSearch; readonly onSearch: (search: ObjectSearch) => void }

/** Everything that apps stored through the API, newest first. */
export function ObjectList({ search, onSearch }: ObjectListProps) {
  const objects = useInfiniteQuery({ ...objectsQuery(useClient(), toFilter(search)), placeholderData: keepPreviousData })
  const filtered = hasFilter(search)
  const isFirst = !filtered && rowsOf(objects)?.length === 0
  return (
    <Page title="Files" hint="What apps store through the API: checked on arrival, kept and deleted by its class.">
      <Panel flush>
        {isFirst ? null : <ObjectFilters search={search} onSearch={onSearch} />}
        <PagedTable
          label="Files"
          query={objects}
          columns={columns}
          rowKey={(object) => object.id}
          sayCount={(shown) => count(shown, 'file')}
          empty={filtered ? <NoMatch /> : <NoObjects />}
          placeholderRows={6}
        />
      </Panel>
    </Page>
  )
}

const NoMatch = () => (
  <Empty icon={<IconFileSearch size={32} stroke={1.5} />} title="No file matches">
    Choose other filters, or clear them.
  </Empty>
)

const statusChoices = objectStatusNames.map((value) => ({ value, label: objectStatusWords[value].label }))
const versionChoices = [
  { value: 'yes', label: 'Current ones' },
  { value: 'no', label: 'Others' },
] as const
const heldChoices = [
  { value: 'yes', label: 'Under a hold' },
  { value: 'no', label: 'Under none' },
] as const

function ObjectFilters({ search, onSearch }: ObjectListProps) {
  const names = useQuery(classNamesQuery(useClient()))
  const set = (part: ObjectSearch) => onSearch({ ...search, ...part })
  const known = names.data ?? []
  // A class that was deleted still names its files.
  const shown = search.class === undefined || known.includes(search.class) ? known : [...known, search.class]
  return (
    <Filters label="Filter files">
      <TextFilter label="Owner type" placeholder="User" value={search.owner} faultOf={ownerTypeFault} onValue={(owner) => set({ owner })} />
      <TextFilter
        label="Owner id"
        placeholder="usr_123"
        value={search.ownerId}
        faultOf={ownerIdFault}
        onValue={(ownerId) => set({ ownerId })}
      />
      <ChoiceFilter
        label="Class"
        all="All classes"
        value={search.class}
        choices={shown.map((value) => ({ value, label: value }))}
        onValue={(name) => set({ class: name })}
      />
      <ChoiceFilter label="Status" all="All" value={search.status} choices={statusChoices} onValue={(status) => set({ status })} />
      <ChoiceFilter label="Versions" all="All" value={search.current} choices={versionChoices} onValue={(current) => set({ current })} />
      <ChoiceFilter label="Legal hold" all="All" value={search.held} choices={heldChoices} onValue={(held) => set({ held })} />
      <ClearFilters shown={hasFilter(search)} onClear={() => onSearch({})} />
    </Filters>
  )
}
