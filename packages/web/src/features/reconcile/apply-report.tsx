import type { Reconciliation } from '@holdfast/api'
import { Button, Group } from '@mantine/core'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { count, formatBytes } from '../../ui/format.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { removable } from './reconcile-words.ts'

/** The removal of what a report found, with or without what no record names. Once a report. */
export function ApplyReport({ report }: { report: Reconciliation }) {
  const [asked, setAsked] = useState<'leftover' | 'all' | null>(null)
  const can = removable(report)
  const unrecorded = can.all - can.leftover
  if (can.all === 0) return null
  return (
    <Group gap="xs" mt="md">
      {can.leftover > 0 ? (
        <Button color="red" variant="light" onClick={() => setAsked('leftover')}>
          Remove what is left over
        </Button>
      ) : null}
      {unrecorded > 0 ? (
        <Button color="red" variant="light" onClick={() => setAsked('all')}>
          {can.leftover > 0 ? 'Remove unrecorded objects, too' : 'Remove unrecorded objects'}
        </Button>
      ) : null}
      <Asked report={report} asked={asked} onClose={() => setAsked(null)} />
    </Group>
  )
}

type AskedProps = { readonly report: Reconciliation; readonly asked: 'leftover' | 'all' | null; readonly onClose: () => void }

function Asked({ report, asked, onClose }: AskedProps) {
  const client = useClient()
  const refresh = useRefresh()
  const can = removable(report)
  const all = asked === 'all'
  const number = all ? can.all : can.leftover
  const warned = 'The database was not put back to an earlier state since these objects were stored'
  return (
    <Confirm
      opened={asked !== null}
      onClose={onClose}
      title={`Remove ${count(number, 'object')} from ${report.target.name}?`}
      action={`Remove ${count(number, 'object')}`}
      {...(all ? { tick: warned } : {})}
      onConfirm={() =>
        client.reconciliations
          .apply(report.id, all ? { includeUnrecorded: true } : {})
          .finally(() => refresh(keys.reconciliations, keys.jobs, keys.audit))
      }
    >
      <p style={{ marginTop: 0 }}>
        {count(can.leftover, 'object')} left over, {formatBytes(can.bytes)}
        {all ? `, and ${count(report.unrecorded.count, 'object')} that no record names, ${formatBytes(report.unrecorded.bytes)}` : ''}. This
        can't be undone.
      </p>
      <p style={{ marginBottom: 0 }}>
        Each is judged once more before it goes; what changed since the report, or is under a legal hold, stays. Files and their records are
        not touched. A report can be applied once.
      </p>
    </Confirm>
  )
}
