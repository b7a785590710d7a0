import type { Hold } from '@holdfast/api'
import { TextLink } from '../../ui/links.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { When } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { sayHold, sayLock, sayOwner, scopeWords } from './hold-words.ts'
import classes from './holds.module.css'
import { ReleaseHold } from './release-hold.tsx'

/** Its badges: in force or not, and what the storage knows where it locks objects itself. */
function HoldState({ hold }: { hold: Hold }) {
  const said = sayHold(hold)
  return (
    <div className={classes.badges}>
      <StatusBadge tone={said.tone} explain={said.explain}>
        {said.label}
      </StatusBadge>
      <LockBadge hold={hold} />
    </div>
  )
}

export function LockBadge({ hold }: { hold: Hold }) {
  const lock = sayLock(hold)
  if (!lock) return null
  return (
    <StatusBadge tone={lock.tone} explain={lock.explain}>
      {lock.label}
    </StatusBadge>
  )
}

/** What is held, as it was called when the hold was placed, with the way there. */
export function SubjectLink({ hold }: { hold: Hold }) {
  const name = <bdi>{visibleName(hold.scope === 'owner' ? sayOwner(hold) : hold.subject)}</bdi>
  if (hold.caseId)
    return (
      <TextLink to="/cases/$caseId" params={{ caseId: hold.caseId }}>
        {name}
      </TextLink>
    )
  if (hold.fileId)
    return (
      <TextLink to="/files/$fileId" params={{ fileId: hold.fileId }}>
        {name}
      </TextLink>
    )
  return (
    <TextLink to="/files" search={{ owner: hold.ownerEntityType ?? '', ownerId: hold.ownerEntityId ?? '' }}>
      {name}
    </TextLink>
  )
}

const HoldSubject = ({ hold }: { hold: Hold }) => (
  <div className={classes.subject}>
    <SubjectLink hold={hold} />
    <div className={classes.dim}>{scopeWords[hold.scope].label}</div>
  </div>
)

export function HoldReasons({ hold }: { hold: Hold }) {
  return (
    <div className={classes.reason}>
      {hold.reason}
      {hold.releaseReason ? <div className={classes.dim}>Released: {hold.releaseReason}</div> : null}
    </div>
  )
}

const By = ({ at, by }: { at: string; by: string | null }) => (
  <>
    <When at={at} />
    {by ? <div className={classes.dim}>by {by}</div> : null}
  </>
)

export const holdColumns: readonly Column<Hold>[] = [
  { id: 'subject', header: 'On', role: 'name', cell: (hold) => <HoldSubject hold={hold} /> },
  { id: 'reason', header: 'Reason', cell: (hold) => <HoldReasons hold={hold} /> },
  { id: 'state', header: 'State', width: '12rem', cell: (hold) => <HoldState hold={hold} /> },
  { id: 'placed', header: 'Placed', width: '12.75rem', cell: (hold) => <By at={hold.placedAt} by={hold.placedBy} /> },
  {
    id: 'released',
    header: 'Released',
    width: '12.75rem',
    cell: (hold) => (hold.releasedAt ? <By at={hold.releasedAt} by={hold.releasedBy} /> : null),
  },
  { id: 'actions', header: 'Actions', role: 'actions', width: '7rem', cell: (hold) => <ReleaseHold hold={hold} /> },
]
