import type { Reconciliation } from '@holdfast/api'
import { Progress } from '@mantine/core'
import { useMay } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { When } from '../../ui/values.tsx'
import { ApplyReport } from './apply-report.tsx'
import classes from './reconcile.module.css'
import { isUnderWay, kindNames, kindWords, sayAmount, sayKindAmount, sayLooked, sayReconciliation } from './reconcile-words.ts'

/** How far a report is, its counts, and what can be done about them. */
export function ReportPanel({ report }: { report: Reconciliation }) {
  const mayWrite = useMay()('target.write')
  const said = sayReconciliation(report)
  return (
    <Panel
      title="Report"
      hint={said.explain}
      actions={
        <StatusBadge tone={said.tone} explain={said.explain}>
          {said.label}
        </StatusBadge>
      }
    >
      <p className={classes.looked} role="status">
        <span className="hf-number">{sayLooked(report)}</span>
      </p>
      {isUnderWay(report) ? <Progress value={100} animated size={8} mb="md" aria-label={said.label} /> : null}
      {report.status === 'failed' ? (
        <Notice tone="bad" title="It was not finished" live>
          {report.error} What was found until then is listed.
        </Notice>
      ) : null}
      <Groups report={report} />
      <Facts
        facts={[
          ['Removed', report.includeUnrecorded === null ? null : sayAmount(report.removed)],
          ['Kept', report.kept.count === 0 ? null : sayAmount(report.kept)],
          ['Started', <Started key="started" report={report} />],
          ['Reported', report.reportedAt ? <When key="reported" at={report.reportedAt} full /> : null],
          ['Ended', report.finishedAt ? <When key="ended" at={report.finishedAt} full /> : null],
        ]}
      />
      {mayWrite ? <ApplyReport report={report} /> : null}
    </Panel>
  )
}

const Started = ({ report }: { report: Reconciliation }) => (
  <>
    <When at={report.createdAt} full /> by {report.startedBy}
  </>
)

function Groups({ report }: { report: Reconciliation }) {
  const found = kindNames.filter((kind) => report[kind].count > 0)
  if (found.length === 0) return null
  return (
    <dl className={classes.groups}>
      {found.map((kind) => (
        <div key={kind}>
          <dt>{kindWords[kind].label}</dt>
          <dd className="hf-number">{sayKindAmount(report, kind)}</dd>
          <dd className={classes.dim}>{kindWords[kind].explain}</dd>
        </div>
      ))}
    </dl>
  )
}
