import { Button, NativeSelect, Pill, Select, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient } from '../../app/services.tsx'
import { auditActionWords, auditResultWords } from '../../ui/audit-words.ts'
import { short } from '../../ui/format.ts'
import classes from './audit.module.css'
import { type AuditSearch, hasFilter } from './filters.ts'
import { caseChoicesQuery, caseNameQuery } from './queries.ts'

type FiltersProps = { readonly search: AuditSearch; readonly onSearch: (search: AuditSearch) => void }

const actionChoices = [
  { value: '', label: 'All actions' },
  ...Object.entries(auditActionWords)
    .map(([value, label]) => ({ value, label }))
    .sort((a, b) => a.label.localeCompare(b.label)),
]
const resultChoices = [
  { value: '', label: 'All results' },
  ...Object.entries(auditResultWords).map(([value, said]) => ({ value, label: said.label })),
]

export function AuditFilters({ search, onSearch }: FiltersProps) {
  const set = (part: AuditSearch) => onSearch({ ...search, ...part, entry: undefined })
  const known = actionChoices.some((choice) => choice.value === (search.action ?? ''))
  return (
    <search className={classes.filters} aria-label="Filter entries">
      <NativeSelect
        label="Action"
        data={known ? actionChoices : [...actionChoices, { value: search.action ?? '', label: search.action ?? '' }]}
        value={search.action ?? ''}
        onChange={(event) => set({ action: event.currentTarget.value || undefined })}
      />
      <NativeSelect
        label="Result"
        data={resultChoices}
        value={search.result ?? ''}
        onChange={(event) => set({ result: (event.currentTarget.value || undefined) as AuditSearch['result'] })}
      />
      <CaseFilter caseId={search.case} onCase={(caseId) => set({ case: caseId })} />
      <TextInput
        label="From"
        type="date"
        value={search.from ?? ''}
        max={search.to}
        onChange={(event) => set({ from: event.currentTarget.value || undefined })}
      />
      <TextInput
        label="To"
        type="date"
        value={search.to ?? ''}
        min={search.from}
        onChange={(event) => set({ to: event.currentTarget.value || undefined })}
      />
      <Chosen search={search} set={set} onClear={() => onSearch({})} />
    </search>
  )
}

/** Filters that come from a click on a name in the list, and the way back to everything. */
function Chosen({ search, set, onClear }: { search: AuditSearch; set: (part: AuditSearch) => void; onClear: () => void }) {
  if (!hasFilter(search)) return null
  return (
    <div className={classes.pills}>
      {search.actor ? (
        <Pill
          size="md"
          withRemoveButton
          removeButtonProps={{ 'aria-label': 'Show all people', 'aria-hidden': false, tabIndex: 0 }}
          onRemove={() => set({ actor: undefined })}
        >
          Who: {short(search.actor, 16)}
        </Pill>
      ) : null}
      {search.file ? (
        <Pill
          size="md"
          withRemoveButton
          removeButtonProps={{ 'aria-label': 'Show all files', 'aria-hidden': false, tabIndex: 0 }}
          onRemove={() => set({ file: undefined })}
        >
          File: {short(search.file, 13)}
        </Pill>
      ) : null}
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        Clear filters
      </Button>
    </div>
  )
}

function CaseFilter({ caseId, onCase }: { caseId: string | undefined; onCase: (caseId: string | undefined) => void }) {
  const client = useClient()
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed, 250)
  const chosen = useQuery({ ...caseNameQuery(client, caseId ?? ''), enabled: caseId !== undefined, retry: false })
  const chosenLabel = chosen.data ? `${chosen.data.number} ${chosen.data.title}` : caseId ? short(caseId, 13) : ''
  const choices = useQuery(caseChoicesQuery(client, q === chosenLabel ? '' : q))
  const found = (choices.data?.items ?? []).map((item) => ({ value: item.id, label: `${item.number} ${item.title}` }))
  const data = caseId && !found.some((choice) => choice.value === caseId) ? [{ value: caseId, label: chosenLabel }, ...found] : found
  return (
    <Select
      label="Case"
      placeholder="All cases"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Show all cases' }}
      nothingFoundMessage="No such case"
      data={data}
      value={caseId ?? null}
      filter={({ options }) => options}
      onSearchChange={setTyped}
      onChange={(value) => onCase(value ?? undefined)}
    />
  )
}
