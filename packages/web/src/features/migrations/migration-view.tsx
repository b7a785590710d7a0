import type { Migration, Move } from '@holdfast/api'
import { useQuery } from '@tanstack/react-query'
import { useClient, useMay } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { count } from '../../ui/format.ts'
import { ButtonLink, TextLink } from '../../ui/links.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { isStatus } from '../../ui/problem-words.ts'
import { Busy, Empty, Failed } from '../../ui/states.tsx'
import { When } from '../../ui/values.tsx'
import { MigrationActions } from './migration-actions.tsx'
import { groupColors, MigrationBar, MigrationStatus } from './migration-parts.tsx'
import { progressOf, sayGroup, sayMigration, sayStage } from './migration-words.ts'
import classes from './migrations.module.css'
import { MoveReport } from './move-report.tsx'
import { migrationQuery, underWayQuery } from './queries.ts'

type MigrationViewProps = {
  readonly migrationId: string
  readonly status: Move['status'] | undefined
  readonly onStatus: (status: Move['status'] | undefined) => void
}

export function MigrationView({ migrationId, status, onStatus }: MigrationViewProps) {
  const found = useQuery(migrationQuery(useClient(), migrationId))
  const mayWrite = useMay()('target.write')
  const migration = found.data
  if (!migration) return <NotShown error={found.error} onRetry={() => found.refetch()} />
  return (
    <Page
      title={`${migration.from.name} to ${migration.to.name}`}
      tabTitle={`Migration: ${migration.from.name} to ${migration.to.name}`}
      above={<TextLink to="/settings/migrations">Migrations</TextLink>}
      actions={mayWrite ? <MigrationActions migration={migration} /> : null}
    >
      <ProgressPanel migration={migration} />
      <MoveReport migration={migration} status={status} onStatus={onStatus} />
    </Page>
  )
}

function NotShown({ error, onRetry }: { error: Error | null; onRetry: () => void }) {
  return (
    <Page title="Migration" above={<TextLink to="/settings/migrations">Migrations</TextLink>}>
      <Panel>
        {!error ? <Busy>Loading the migration</Busy> : null}
        {isStatus(error, 404) ? (
          <Empty icon={null} title="There is no such migration" action={<ButtonLink to="/settings/migrations">Migrations</ButtonLink>}>
            Check the address.
          </Empty>
        ) : null}
        {error && !isStatus(error, 404) ? <Failed error={error} what="The migration can't be shown" onRetry={onRetry} /> : null}
      </Panel>
    </Page>
  )
}

function ProgressPanel({ migration }: { migration: Migration }) {
  const said = sayMigration(migration)
  return (
    <Panel title="Progress" hint={said.explain} actions={<MigrationStatus migration={migration} />}>
      <div className={classes.progressLine}>
        <span className="hf-number" role="status">
          {progressOf(migration).text}
        </span>
        {migration.status === 'running' && !migration.waiting ? <UnderWay id={migration.id} /> : null}
      </div>
      <MigrationBar migration={migration} size={10} />
      <Groups migration={migration} />
      {migration.waiting ? <Waiting waiting={migration.waiting} /> : null}
      <Facts
        facts={[
          ['When it began', sayGroup(migration)],
          ['Started', <Started key="started" migration={migration} />],
          ['Ended', migration.finishedAt ? <When key="ended" at={migration.finishedAt} full /> : null],
        ]}
      />
      <Outcome migration={migration} />
    </Panel>
  )
}

/** Tried again by itself; what to do about it is what the error says. */
const Waiting = ({ waiting }: { waiting: NonNullable<Migration['waiting']> }) => (
  <div className={classes.waiting}>
    <Notice tone="attention" title="Nothing moves right now" live>
      {waiting.error.replace(/[.!?]?$/, '.')} It is tried again by itself, not before <When at={waiting.until} full />. What was copied is
      kept.
    </Notice>
  </div>
)

const Started = ({ migration }: { migration: Migration }) => (
  <>
    <When at={migration.createdAt} full /> by {migration.createdBy}
  </>
)

/** What happens to the file that is on its way. */
function UnderWay({ id }: { id: string }) {
  const underWay = useQuery(underWayQuery(useClient(), id, true))
  const move = underWay.data?.items[0]
  return <span className={classes.note}>{move ? sayStage(move) : 'Looking for the next file'}</span>
}

function Groups({ migration }: { migration: Migration }) {
  const groups = [
    ['moved', 'Moved'],
    ['failed', 'Failed'],
    ['skipped', 'Skipped'],
  ] as const
  return (
    <dl className={classes.groups}>
      {groups.map(([group, label]) => (
        <div key={group}>
          <dt>
            <span className={classes.swatch} style={{ background: `var(--mantine-color-${groupColors[group]}-filled)` }} />
            {label}
          </dt>
          <dd className="hf-number">{sayGroup(migration[group])}</dd>
        </div>
      ))}
    </dl>
  )
}

function Outcome({ migration }: { migration: Migration }) {
  const { failed, from, status } = migration
  if (failed.files > 0)
    return (
      <div style={{ marginTop: '1rem' }}>
        <Notice tone="bad" title={`${count(failed.files, 'file')} could not be moved`} live>
          {failed.files === 1 ? 'It stays' : 'They stay'} on {from.name}. The report says why.{' '}
          {status === 'done' || status === 'cancelled'
            ? 'Mend the cause, then start another migration between the two.'
            : 'The others go on.'}
        </Notice>
      </div>
    )
  if (status !== 'done') return null
  return (
    <div style={{ marginTop: '1rem' }}>
      <Notice tone="good" title="Every file was moved" live>
        Nothing of this migration is left on {from.name}.
      </Notice>
    </div>
  )
}
