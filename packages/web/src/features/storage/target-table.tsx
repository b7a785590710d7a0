import type { Target } from '@holdfast/api'
import { IconDatabase } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useClient, useMay } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { PagedTable } from '../../ui/paged-table.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { kindWords, sayStorageRole } from '../../ui/target-kinds.ts'
import { UsageOf } from '../../ui/usage.tsx'
import { sayAbilities } from './capability-words.ts'
import { targetsQuery } from './queries.ts'
import classes from './storage.module.css'
import { TargetActions } from './target-actions.tsx'
import { sayLastTest, sayPlace } from './target-words.ts'

export function TargetTable() {
  const targets = useInfiniteQuery(targetsQuery(useClient()))
  const mayWrite = useMay()('target.write')
  const columns = useMemo(() => targetColumns(mayWrite), [mayWrite])
  return (
    <PagedTable
      timeless
      label="Storage targets"
      query={targets}
      columns={columns}
      rowKey={(target) => target.id}
      sayCount={(shown) => count(shown, 'target')}
      empty={<Empty icon={<IconDatabase size={32} stroke={1.5} />} title="No storage targets" />}
      placeholderRows={2}
    />
  )
}

const targetColumns = (mayWrite: boolean): readonly Column<Target>[] => [
  {
    id: 'name',
    header: 'Target',
    role: 'name',
    cell: (target) => (
      <div>
        <span className={classes.targetName}>{target.name}</span>
        <div className={classes.kind}>
          {kindWords[target.kind]}
          {target.builtin ? ', built in' : ''} · {count(target.fileCount, 'file')}
        </div>
        <div className={classes.place}>{sayPlace(target)}</div>
      </div>
    ),
  },
  { id: 'usage', header: 'Usage', width: '14.5rem', cell: (target) => <UsageOf target={target} /> },
  { id: 'tested', header: 'Last test', width: '14rem', cell: (target) => <LastTest target={target} /> },
  { id: 'abilities', header: 'Can do', width: '10rem', cell: (target) => <CanDo target={target} /> },
  {
    id: 'roles',
    header: 'Serves',
    width: '7rem',
    cell: ({ roles }) => (roles.length > 0 ? roles.map(sayStorageRole).join(', ') : <span className={classes.kind}>No role yet</span>),
  },
  ...(mayWrite
    ? [
        {
          id: 'actions',
          header: 'Actions',
          role: 'actions',
          width: '8.5rem',
          cell: (target) => <TargetActions target={target} />,
        } satisfies Column<Target>,
      ]
    : []),
]

function LastTest({ target }: { target: Target }) {
  const tested = sayLastTest(target, Date.now())
  return (
    <StatusBadge tone={tested.tone} explain={tested.explain}>
      {tested.label}
    </StatusBadge>
  )
}

function CanDo({ target }: { target: Target }) {
  if (!target.capabilities) return <span className={classes.kind}>Run Test to see</span>
  const said = sayAbilities(target.capabilities)
  return <span className={classes.canDo}>{said.length > 0 ? said.join(', ') : 'Reads and writes'}</span>
}
