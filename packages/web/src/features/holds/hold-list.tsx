import type { Hold } from '@holdfast/api'
import { Button } from '@mantine/core'
import { IconGavel } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { CaseSelect } from '../../app/case-select.tsx'
import { useClient, useMay } from '../../app/services.tsx'
import { ChoiceFilter, ClearFilters, Filters, TextFilter } from '../../ui/filters.tsx'
import { count } from '../../ui/format.ts'
import { ownerIdFault, ownerTypeFault } from '../../ui/owner-words.ts'
import { Page } from '../../ui/page.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Empty } from '../../ui/states.tsx'
import { holdColumns } from './hold-columns.tsx'
import { type HoldState, holdStates, holdStateWords } from './hold-words.ts'
import { PlaceHold } from './place-hold.tsx'
import { type HoldFilter, holdsQuery } from './queries.ts'

/** As it stands in the address. */
export type HoldSearch = {
  readonly state?: HoldState | undefined
  readonly case?: string | undefined
  readonly file?: string | undefined
  readonly owner?: string | undefined
  readonly ownerId?: string | undefined
}

const toFilter = (search: HoldSearch): HoldFilter => ({
  ...(search.state ? { active: search.state === 'active' } : {}),
  ...(search.case ? { caseId: search.case } : {}),
  ...(search.file ? { fileId: search.file } : {}),
  ...(search.owner ? { ownerEntityType: search.owner } : {}),
  ...(search.ownerId ? { ownerEntityId: search.ownerId } : {}),
})

type HoldListProps = { readonly search: HoldSearch; readonly onSearch: (search: HoldSearch) => void }

export function HoldList({ search, onSearch }: HoldListProps) {
  const filter = toFilter(search)
  const holds = useInfiniteQuery({ ...holdsQuery(useClient(), filter), placeholderData: keepPreviousData })
  const mayPlace = useMay()('hold.write')
  const [placing, setPlacing] = useState(false)
  const filtered = Object.keys(filter).length > 0
  return (
    <Page
      title="Legal holds"
      hint="While a hold is in force, nothing deletes what it covers: no person, no retention, no clean-up."
      actions={
        mayPlace ? (
          <Button leftSection={<IconGavel size={17} aria-hidden="true" />} onClick={() => setPlacing(true)}>
            Place hold
          </Button>
        ) : null
      }
    >
      <Panel flush>
        <HoldFilters search={search} onSearch={onSearch} filtered={filtered} />
        <PagedTable
          label="Legal holds"
          query={holds}
          columns={holdColumns}
          rowKey={(hold: Hold) => hold.id}
          sayCount={(shown) => count(shown, 'hold')}
          empty={<NoHolds filtered={filtered} />}
        />
      </Panel>
      <PlaceHold opened={placing} onClose={() => setPlacing(false)} />
    </Page>
  )
}

function HoldFilters({ search, onSearch, filtered }: HoldListProps & { readonly filtered: boolean }) {
  const set = (part: HoldSearch) => onSearch({ ...search, ...part })
  return (
    <Filters label="Filter holds">
      <ChoiceFilter
        label="State"
        all="All"
        value={search.state}
        choices={holdStates.map((value) => ({ value, label: holdStateWords[value].label }))}
        onValue={(state) => set({ state })}
      />
      <CaseSelect label="Case" placeholder="All cases" caseId={search.case} onCase={(caseId) => set({ case: caseId })} />
      <TextFilter label="Owner type" placeholder="User" value={search.owner} faultOf={ownerTypeFault} onValue={(owner) => set({ owner })} />
      <TextFilter
        label="Owner id"
        placeholder="usr_123"
        value={search.ownerId}
        faultOf={ownerIdFault}
        onValue={(ownerId) => set({ ownerId })}
      />
      <ClearFilters shown={filtered} onClear={() => onSearch({})} />
    </Filters>
  )
}

const NoHolds = ({ filtered }: { filtered: boolean }) => (
  <Empty icon={<IconGavel size={32} stroke={1.5} />} title={filtered ? 'No hold matches' : 'No legal holds yet'}>
    {filtered
      ? 'Choose other filters, or clear them.'
      : 'A hold on a case, a file or an owner keeps what it covers from being deleted, and says who wanted that and why.'}
  </Empty>
)
