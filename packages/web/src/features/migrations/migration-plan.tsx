import type { Target } from '@holdfast/api'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useClient } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { count } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { ExactSize } from '../../ui/values.tsx'
import { remarksOn } from './migration-words.ts'
import classes from './migrations.module.css'
import { planQuery } from './queries.ts'

type PlanProps = { readonly from: Target; readonly to: Target; readonly action: (worthwhile: boolean) => ReactNode }

/** What a migration would move, what stands against it, and how it goes about it. */
export function MigrationPlan({ from, to, action }: PlanProps) {
  const plan = useQuery(planQuery(useClient(), { fromTargetId: from.id, toTargetId: to.id }))
  if (plan.isPending) return <Busy>Counting files</Busy>
  if (plan.isError) return <Failed error={plan.error} onRetry={() => plan.refetch()} />
  const remarks = remarksOn(plan.data, { from, to })
  const { files, bytes, freeQuotaBytes } = plan.data
  return (
    <>
      <Facts
        facts={[
          ['To be moved', <span key="files">{count(files, 'file')}</span>],
          ['Stored size', <ExactSize key="bytes" bytes={bytes} />],
          [`Quota left at ${to.name}`, freeQuotaBytes === null ? 'No quota' : <ExactSize key="quota" bytes={freeQuotaBytes} />],
          [`Free space at ${to.name}`, to.freeBytes === null ? 'Not known' : <ExactSize key="free" bytes={to.freeBytes} />],
        ]}
      />
      {remarks.map((remark) => (
        <Notice key={remark.title} tone={remark.tone} title={remark.title} live>
          {remark.text}
        </Notice>
      ))}
      {files > 0 ? <Steps from={from.name} to={to.name} /> : null}
      {action(!remarks.some((remark) => remark.stops))}
    </>
  )
}

const Steps = ({ from, to }: { from: string; to: string }) => (
  <div>
    <p className={classes.lead}>For each file, one after the other:</p>
    <ol className={classes.steps}>
      <li>Its stored object is copied to {to} as it is. Nothing is unsealed on the way; its digest, owner and history stay as they are.</li>
      <li>Both copies are read back and their hashes compared.</li>
      <li>
        The file is read from {to} from then on, and an audit entry says so. A copy that differs is thrown away; the file stays on {from}.
      </li>
      <li>The old object on {from} is removed, after downloads that began there have ended.</li>
    </ol>
  </div>
)
