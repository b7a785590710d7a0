import type { Reconciliation, ReconciliationFinding, ReconciliationKind } from '@holdfast/api'
import { IconListCheck } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { ChoiceFilter, Filters } from '../../ui/filters.tsx'
import { count } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { Size } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { findingsQuery } from './queries.ts'
import classes from './reconcile.module.css'
import { kindNames, kindWords, outcomeWords } from './reconcile-words.ts'

type FindingsProps = {
  readonly report: Reconciliation
  readonly kind: ReconciliationKind | undefined
  readonly onKind: (kind: ReconciliationKind | undefined) => void
}

/** What a report found, in the order in which it did. */
export function Findings({ report, kind, onKind }: FindingsProps) {
  const list = { id: report.id, kind, status: report.status }
  const findings = useInfiniteQuery({ ...findingsQuery(useClient(), list), placeholderData: keepPreviousData })
  const choices = kindNames
    .filter((one) => report[one].count > 0 || one === kind)
    .map((one) => ({ value: one, label: `${kindWords[one].label} (${report[one].count})` }))
  return (
    <Panel title="Findings" hint="Kept for 90 days. The counts stay." flush>
      {choices.length > 1 || kind ? (
        <Filters label="Filter findings">
          <ChoiceFilter label="Kind" all="All" value={kind} choices={choices} onValue={onKind} />
        </Filters>
      ) : null}
      <PagedTable
        timeless
        label="Findings"
        query={findings}
        columns={columns}
        rowKey={(finding) => finding.id}
        sayCount={(shown) => count(shown, 'finding')}
        empty={<Empty icon={<IconListCheck size={32} stroke={1.5} />} title={kind ? 'Nothing of this kind' : 'Nothing differs'} />}
        placeholderRows={2}
      />
    </Panel>
  )
}

const columns: readonly Column<ReconciliationFinding>[] = [
  {
    id: 'key',
    header: 'File or object',
    role: 'name',
    cell: (finding) => (
      <div>
        {finding.fileName === null ? null : <FileName finding={finding} name={finding.fileName} />}
        <div className={classes.key}>{finding.key}</div>
      </div>
    ),
  },
  {
    id: 'kind',
    header: 'Kind',
    width: '8.5rem',
    cell: ({ kind }) => (
      <StatusBadge tone={kindWords[kind].tone} explain={kindWords[kind].explain}>
        {kindWords[kind].label}
      </StatusBadge>
    ),
  },
  { id: 'size', header: 'Size', align: 'end', width: '6rem', cell: ({ bytes }) => <Size bytes={bytes} /> },
  { id: 'reason', header: 'Why', width: '20rem', cell: (finding) => <Reason finding={finding} /> },
]

/** Files that are gone have no page. */
function FileName({ finding, name }: { finding: ReconciliationFinding; name: string }) {
  const shown = <bdi>{visibleName(name)}</bdi>
  const isThere = finding.kind === 'missing' || finding.kind === 'returned' || finding.kind === 'size'
  if (!isThere || finding.fileId === null) return shown
  return (
    <TextLink to="/files/$fileId" params={{ fileId: finding.fileId }} fw={500}>
      {shown}
    </TextLink>
  )
}

function Reason({ finding }: { finding: ReconciliationFinding }) {
  const { outcome, outcomeReason, reason } = finding
  if (outcome === null) return reason
  return (
    <>
      <StatusBadge tone={outcomeWords[outcome].tone} explain={outcomeWords[outcome].explain}>
        {outcomeWords[outcome].label}
      </StatusBadge>
      <div className={classes.dim}>{outcomeReason ?? reason}</div>
    </>
  )
}
