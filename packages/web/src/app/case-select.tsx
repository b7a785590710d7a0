import type { Client } from '@holdfast/client'
import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { short } from '../ui/format.ts'
import { keys } from './query-keys.ts'
import { useClient } from './services.tsx'

/** Cases to choose from by part of number or title. */
const caseChoicesQuery = (client: Client, q: string) =>
  queryOptions({
    queryKey: [keys.cases, 'choices', q],
    queryFn: ({ signal }) => client.cases.list({ limit: 20, ...(q ? { q } : {}) }, { signal }),
    staleTime: 30_000,
  })

const caseNameQuery = (client: Client, caseId: string) =>
  queryOptions({ queryKey: [keys.cases, 'one', caseId], queryFn: ({ signal }) => client.cases.get(caseId, { signal }), staleTime: 30_000 })

type CaseSelectProps = {
  readonly label: string
  readonly placeholder: string
  readonly caseId: string | undefined
  readonly onCase: (caseId: string | undefined) => void
  readonly error?: ReactNode
}

/** One case, found by part of its number or title. */
export function CaseSelect({ label, placeholder, caseId, onCase, error }: CaseSelectProps) {
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
      label={label}
      placeholder={placeholder}
      error={error}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Choose no case' }}
      nothingFoundMessage="No such case"
      data={data}
      value={caseId ?? null}
      filter={({ options }) => options}
      onSearchChange={setTyped}
      onChange={(value) => onCase(value ?? undefined)}
    />
  )
}
