import type { AuditEntry } from '@holdfast/api'
import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useClient, useMay } from '../../app/services.tsx'
import { type ActorChoice, actorChoices, nameOfActor } from './actor-choices.ts'
import { membersQuery, tokensQuery } from './queries.ts'

type ActorFilterProps = {
  readonly actor: string | undefined
  readonly choices: readonly ActorChoice[]
  readonly onActor: (actor: string | undefined) => void
}

/** Whoever may have done something, by name: people and API tokens (where the reader may see them) and whoever the list shows. */
export function useActorChoices(entries: readonly AuditEntry[]): readonly ActorChoice[] {
  const client = useClient()
  const may = useMay()
  const members = useQuery({ ...membersQuery(client), enabled: may('member.read') })
  const tokens = useQuery({ ...tokensQuery(client), enabled: may('token.read') })
  return actorChoices({ members: members.data ?? [], tokens: tokens.data ?? [], seen: entries.map((entry) => entry.actor) })
}

export function ActorFilter({ actor, choices, onActor }: ActorFilterProps) {
  const known = actor === undefined || choices.some((choice) => choice.value === actor)
  return (
    <Select
      label="Who"
      placeholder="Everyone"
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Show what everyone did' }}
      nothingFoundMessage="Nobody of that name"
      data={grouped(known ? choices : [...choices, { value: actor, label: nameOfActor(choices, actor), group: 'Others' }])}
      value={actor ?? null}
      onChange={(value) => onActor(value ?? undefined)}
    />
  )
}

/** Under headings, in the order in which the choices come. */
function grouped(choices: readonly ActorChoice[]) {
  const groups = [...new Set(choices.map((choice) => choice.group))]
  return groups.map((group) => ({
    group,
    items: choices.filter((choice) => choice.group === group).map(({ value, label }) => ({ value, label })),
  }))
}
