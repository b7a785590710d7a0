import type { AuditEntry, Member, Token } from '@holdfast/api'
import { short } from '../../ui/format.ts'

export type ActorChoice = {
  readonly value: string
  readonly label: string
  readonly group: 'People' | 'API tokens' | 'This server' | 'Others'
}

type Sources = {
  readonly members: readonly Pick<Member, 'userId' | 'name'>[]
  readonly tokens: readonly Pick<Token, 'id' | 'name' | 'revokedAt'>[]
  /** Actors of the entries that are shown. */
  readonly seen: readonly AuditEntry['actor'][]
}

/** What Holdfast does by itself stands in the log under this id. */
const system: ActorChoice = { value: 'system', label: 'Holdfast (system)', group: 'This server' }

/** Everyone once, by name; who left since is found in the entries alone. Names that several have are told apart by their ids. */
export function actorChoices({ members, tokens, seen }: Sources): ActorChoice[] {
  const people = members.map(({ userId, name }): ActorChoice => ({ value: userId, label: name, group: 'People' }))
  const keys = tokens.map(
    ({ id, name, revokedAt }): ActorChoice => ({ value: id, label: revokedAt ? `${name} (revoked)` : name, group: 'API tokens' }),
  )
  const known = new Set([system, ...people, ...keys].map((choice) => choice.value))
  const others = new Map(seen.filter(({ id }) => !known.has(id)).map((actor) => [actor.id, othersChoice(actor)]))
  return toldApart([...byName(people), ...byName(keys), system, ...byName([...others.values()])])
}

const othersChoice = ({ id, kind, name }: AuditEntry['actor']): ActorChoice => ({
  value: id,
  label: kind === 'user' ? name : `${name} (${kind})`,
  group: 'Others',
})

const byName = (choices: readonly ActorChoice[]): ActorChoice[] => choices.toSorted((a, b) => a.label.localeCompare(b.label))

function toldApart(choices: readonly ActorChoice[]): ActorChoice[] {
  const times = Map.groupBy(choices, (choice) => choice.label)
  return choices.map((choice) =>
    (times.get(choice.label)?.length ?? 0) > 1 ? { ...choice, label: `${choice.label} · ${short(choice.value, 8)}` } : choice,
  )
}

/** An id that nobody here is known by is shown in short. */
export const nameOfActor = (choices: readonly ActorChoice[], actor: string): string =>
  choices.find((choice) => choice.value === actor)?.label ?? short(actor, 16)
