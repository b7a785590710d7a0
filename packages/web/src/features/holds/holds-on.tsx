import type { Hold } from '@holdfast/api'
import { Button } from '@mantine/core'
import { IconGavel } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { TextLink } from '../../ui/links.tsx'
import { rowsOf } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { When } from '../../ui/values.tsx'
import { HoldReasons, LockBadge, SubjectLink } from './hold-columns.tsx'
import { scopeWords } from './hold-words.ts'
import classes from './holds.module.css'
import { type HeldThing, PlaceHold } from './place-hold.tsx'
import { holdsQuery } from './queries.ts'
import { ReleaseHold } from './release-hold.tsx'

type HoldsOnProps = {
  readonly on: HeldThing
  /** Nothing is shown while nothing is held, for pages where a hold is the exception. */
  readonly quiet?: boolean
}

/** The holds in force that cover a file, or stand on a case and what is in it; each is what blocks a deletion. */
export function HoldsOn({ on, quiet = false }: HoldsOnProps) {
  const mayRead = useMay()('hold.read')
  const filter = on.scope === 'file' ? { fileId: on.fileId } : { caseId: on.caseId }
  const holds = useInfiniteQuery({ ...holdsQuery(useClient(), { ...filter, active: true }), enabled: mayRead })
  const rows = rowsOf(holds)
  if (!mayRead || (quiet && !rows?.length)) return null
  return (
    <Panel
      title="Legal holds"
      hint={rows?.length ? 'Nothing deletes what they cover until each of them is released.' : undefined}
      actions={quiet ? null : <PlaceHoldButton on={on} />}
    >
      {holds.isError && !rows ? <Failed error={holds.error} onRetry={() => holds.refetch()} /> : null}
      {holds.isPending ? <Busy>Loading holds</Busy> : null}
      {rows?.length === 0 ? <p className={classes.none}>No hold covers it.</p> : null}
      <HoldRows holds={rows ?? []} />
      {holds.hasNextPage ? (
        <TextLink to="/holds" search={on.scope === 'file' ? { file: on.fileId } : { case: on.caseId }} fz="sm">
          All holds on it
        </TextLink>
      ) : null}
    </Panel>
  )
}

const HoldRows = ({ holds }: { holds: readonly Hold[] }) =>
  holds.length === 0 ? null : (
    <ul className={classes.list} aria-label="Holds in force">
      {holds.map((hold) => (
        <li key={hold.id} className={classes.hold}>
          <div>
            <HoldReasons hold={hold} />
            <div className={classes.dim}>
              On the {scopeWords[hold.scope].label.toLowerCase()} <SubjectLink hold={hold} />, since <When at={hold.placedAt} />, by{' '}
              {hold.placedBy}
            </div>
            <LockBadge hold={hold} />
          </div>
          <ReleaseHold hold={hold} />
        </li>
      ))}
    </ul>
  )

/** Nothing for those who may not place one. */
export function PlaceHoldButton({ on, size = 'xs' }: { on: HeldThing; size?: 'xs' | 'sm' }) {
  const may = useMay()
  const [opened, setOpened] = useState(false)
  if (!may('hold.write')) return null
  return (
    <>
      <Button size={size} variant="default" leftSection={<IconGavel size={16} aria-hidden="true" />} onClick={() => setOpened(true)}>
        Place hold
      </Button>
      <PlaceHold on={on} opened={opened} onClose={() => setOpened(false)} />
    </>
  )
}
