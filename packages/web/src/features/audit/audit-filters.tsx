import { Button, NativeSelect, Pill, TextInput } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import { CaseSelect } from '../../app/case-select.tsx'
import { useDirect } from '../../app/direct-state.ts'
import { auditActionWords, auditResultWords, isDirectAction } from '../../ui/audit-words.ts'
import { Filters } from '../../ui/filters.tsx'
import { type ActorChoice, nameOfActor } from './actor-choices.ts'
import { ActorFilter } from './actor-filter.tsx'
import classes from './audit.module.css'
import { FileFilter, useFileName } from './file-filter.tsx'
import { type AuditSearch, hasFilter } from './filters.ts'

type FiltersProps = {
  readonly search: AuditSearch
  readonly onSearch: (search: AuditSearch) => void
  readonly actors: readonly ActorChoice[]
}

const actionChoices = Object.entries(auditActionWords)
  .map(([value, label]) => ({ value, label }))
  .sort((a, b) => a.label.localeCompare(b.label))

/** What there is to choose from: an action that the address names is among it, even one that this page has no words for. */
function useActionChoices(chosen: string | undefined) {
  const direct = useDirect() !== null
  return useMemo(() => {
    const shown = actionChoices.filter(({ value }) => direct || value === chosen || !isDirectAction(value))
    const known = chosen === undefined || shown.some(({ value }) => value === chosen)
    return [{ value: '', label: 'All actions' }, ...shown, ...(known ? [] : [{ value: chosen, label: chosen }])]
  }, [direct, chosen])
}

const resultChoices = [
  { value: '', label: 'All results' },
  ...Object.entries(auditResultWords).map(([value, said]) => ({ value, label: said.label })),
]

export function AuditFilters({ search, onSearch, actors }: FiltersProps) {
  const set = (part: AuditSearch) => onSearch({ ...search, ...part, entry: undefined })
  const actions = useActionChoices(search.action)
  return (
    <Filters label="Filter entries">
      <NativeSelect
        label="Action"
        data={actions}
        value={search.action ?? ''}
        onChange={(event) => set({ action: event.currentTarget.value || undefined })}
      />
      <NativeSelect
        label="Result"
        data={resultChoices}
        value={search.result ?? ''}
        onChange={(event) => set({ result: (event.currentTarget.value || undefined) as AuditSearch['result'] })}
      />
      <ActorFilter actor={search.actor} choices={actors} onActor={(actor) => set({ actor })} />
      <CaseSelect label="Case" placeholder="All cases" caseId={search.case} onCase={(caseId) => set({ case: caseId })} />
      <FileFilter file={search.file} caseId={search.case} onFile={(file) => set({ file })} />
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
      <Chosen search={search} actors={actors} set={set} onClear={() => onSearch({})} />
    </Filters>
  )
}

type ChosenProps = Pick<FiltersProps, 'search' | 'actors'> & {
  readonly set: (part: AuditSearch) => void
  readonly onClear: () => void
}

/** Whom and what the list is narrowed to, by name, and the way back to everything. */
function Chosen({ search, actors, set, onClear }: ChosenProps) {
  const fileName = useFileName(search.file)
  if (!hasFilter(search)) return null
  return (
    <div className={classes.pills}>
      {search.actor ? (
        <Chip label="Show what everyone did, not one alone" onRemove={() => set({ actor: undefined })}>
          Who: {nameOfActor(actors, search.actor)}
        </Chip>
      ) : null}
      {search.file ? (
        <Chip label="Show all files, not one alone" onRemove={() => set({ file: undefined })}>
          File: {fileName}
        </Chip>
      ) : null}
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        Clear filters
      </Button>
    </div>
  )
}

type ChipProps = { readonly label: string; readonly onRemove: () => void; readonly children: ReactNode }

const Chip = ({ label, onRemove, children }: ChipProps) => (
  <Pill
    size="md"
    withRemoveButton
    removeButtonProps={{ 'aria-label': label, 'aria-hidden': false, tabIndex: 0 }}
    onRemove={onRemove}
    className={classes.pill}
  >
    {children}
  </Pill>
)
