import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient } from '../../app/services.tsx'
import { short } from '../../ui/format.ts'
import { visibleName } from '../../ui/visible-name.ts'
import { fileChoicesQuery, fileNameQuery } from './queries.ts'

type FileFilterProps = {
  readonly file: string | undefined
  /** The case whose files are there to choose from. */
  readonly caseId: string | undefined
  readonly onFile: (file: string | undefined) => void
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The name of a file, in short its id where it has none any more. */
export function useFileName(file: string | undefined): string {
  const found = useQuery({ ...fileNameQuery(useClient(), file ?? ''), enabled: file !== undefined, retry: false })
  return found.data ? visibleName(found.data.name) : short(file ?? '', 13)
}

/** One file: from those of the chosen case, or by its id, which also finds what was deleted. */
export function FileFilter({ file, caseId, onFile }: FileFilterProps) {
  const [typed, setTyped] = useState('')
  const name = useFileName(file)
  const choices = useQuery({ ...fileChoicesQuery(useClient(), caseId ?? ''), enabled: caseId !== undefined })
  const found = (choices.data ?? []).map((stored) => ({ value: stored.id, label: `${visibleName(stored.name)} · ${short(stored.id, 8)}` }))
  const byId = typed.trim().toLowerCase()
  const data = [
    ...found,
    ...[file, uuid.test(byId) ? byId : undefined].flatMap((id) =>
      id === undefined || found.some((choice) => choice.value === id) ? [] : [{ value: id, label: id === file ? name : id }],
    ),
  ]
  return (
    <Select
      label="File"
      placeholder={caseId ? 'Name or id' : 'File id'}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Show all files' }}
      nothingFoundMessage={caseId ? 'No such file in this case' : 'Paste a whole file id, or choose a case first'}
      data={data.filter((choice, index) => data.findIndex(({ value }) => value === choice.value) === index)}
      value={file ?? null}
      onSearchChange={setTyped}
      onChange={(value) => onFile(value ?? undefined)}
      limit={100}
    />
  )
}
