import type { Migration } from '@holdfast/api'
import { IconTransfer } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useClient, useMay } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { ButtonLink, TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { When } from '../../ui/values.tsx'
import { Between, MigrationBar, MigrationStatus } from './migration-parts.tsx'
import { progressOf } from './migration-words.ts'
import classes from './migrations.module.css'
import { migrationsQuery } from './queries.ts'

export function MigrationList() {
  const mayStart = useMay()('target.write')
  const migrations = useInfiniteQuery(migrationsQuery(useClient()))
  const start = mayStart ? <ButtonLink to="/settings/migrations/new">New migration</ButtonLink> : null
  return (
    <Page
      title="Migrations"
      hint="Moves all files of one storage target to another. Each copy is read back and compared before the old object goes."
      actions={start}
    >
      <Panel flush>
        <PagedTable
          label="Migrations"
          query={migrations}
          columns={columns}
          rowKey={(migration) => migration.id}
          sayCount={(shown) => count(shown, 'migration')}
          empty={
            <Empty icon={<IconTransfer size={32} stroke={1.5} />} title="No migrations yet" action={start}>
              Changing a role changes where new files go. To take along the files that are stored already, start a migration.
            </Empty>
          }
        />
      </Panel>
    </Page>
  )
}

const columns: readonly Column<Migration>[] = [
  {
    id: 'between',
    header: 'From and to',
    role: 'name',
    cell: (migration) => (
      <TextLink to="/settings/migrations/$migrationId" params={{ migrationId: migration.id }}>
        <Between migration={migration} />
      </TextLink>
    ),
  },
  { id: 'status', header: 'Status', width: '11rem', cell: (migration) => <MigrationStatus migration={migration} /> },
  {
    id: 'progress',
    header: 'Progress',
    width: '14rem',
    cell: (migration) => (
      <>
        <span className="hf-number">{progressOf(migration).text}</span>
        <MigrationBar migration={migration} size={6} />
      </>
    ),
  },
  {
    id: 'failed',
    header: 'Failed',
    align: 'end',
    width: '5.5rem',
    cell: ({ failed }) => (failed.files > 0 ? <strong>{failed.files}</strong> : '0'),
  },
  {
    id: 'started',
    header: 'Started',
    width: '12.75rem',
    cell: (migration) => (
      <>
        <When at={migration.createdAt} />
        <div className={classes.by}>by {migration.createdBy}</div>
      </>
    ),
  },
  {
    id: 'finished',
    header: 'Ended',
    width: '12.75rem',
    cell: (migration) => (migration.finishedAt ? <When at={migration.finishedAt} /> : null),
  },
]
