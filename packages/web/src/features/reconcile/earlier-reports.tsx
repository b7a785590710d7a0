import type { Reconciliation } from '@holdfast/api'
import { useMemo } from 'react'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { type PagedQuery, PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { When } from '../../ui/values.tsx'
import classes from './reconcile.module.css'
import { sayLooked, sayReconciliation } from './reconcile-words.ts'

type EarlierProps = { readonly query: PagedQuery<Reconciliation>; readonly shown: Reconciliation }

/** All reports of the target, newest first; each opens in the place of the one that is shown. */
export function EarlierReports({ query, shown }: EarlierProps) {
  const columns = useMemo(() => columnsFor(shown.id), [shown.id])
  return (
    <Panel title="Reports" flush>
      <PagedTable
        label="Reports"
        query={query}
        columns={columns}
        rowKey={(report) => report.id}
        sayCount={(rows) => count(rows, 'report')}
        empty={null}
      />
    </Panel>
  )
}

const columnsFor = (shown: string): readonly Column<Reconciliation>[] => [
  {
    id: 'started',
    header: 'Started',
    role: 'name',
    cell: (report) => (
      <div>
        {report.id === shown ? (
          <strong>
            <When at={report.createdAt} full />
          </strong>
        ) : (
          <TextLink to="/settings/storage/$targetId/reconciliations" params={{ targetId: report.target.id }} search={{ report: report.id }}>
            <When at={report.createdAt} full />
          </TextLink>
        )}
        <div className={classes.dim}>by {report.startedBy}</div>
      </div>
    ),
  },
  { id: 'looked', header: 'Looked at', width: '18rem', cell: (report) => sayLooked(report) },
  {
    id: 'outcome',
    header: 'Outcome',
    width: '12rem',
    cell: (report) => {
      const said = sayReconciliation(report)
      return (
        <StatusBadge tone={said.tone} explain={said.explain}>
          {said.label}
        </StatusBadge>
      )
    },
  },
]
