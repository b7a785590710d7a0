import type { AuditEntry } from '@holdfast/api'
import { useQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { auditResultWords, sayEntry } from '../../ui/audit-words.ts'
import { TextLink } from '../../ui/links.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { ToneIcon } from '../../ui/status-badge.tsx'
import { When } from '../../ui/values.tsx'
import classes from './file-events.module.css'
import { fileEventsQuery } from './queries.ts'

/** What the audit log says about this file, newest first. */
export function FileEvents({ fileId }: { fileId: string }) {
  const events = useQuery(fileEventsQuery(useClient(), fileId))
  return (
    <section aria-labelledby="file-history">
      <div className={classes.head}>
        <h3 id="file-history" className={classes.title}>
          History
        </h3>
        <TextLink to="/audit" search={{ file: fileId }} fz="sm">
          In the audit log
        </TextLink>
      </div>
      {events.isError ? <Failed error={events.error} onRetry={() => events.refetch()} /> : null}
      {events.isPending ? <Busy>Loading the history</Busy> : null}
      <ol className={classes.list}>
        {events.data?.items.map((entry) => (
          <Event key={entry.id} entry={entry} />
        ))}
      </ol>
    </section>
  )
}

function Event({ entry }: { entry: AuditEntry }) {
  const result = auditResultWords[entry.result]
  return (
    <li className={classes.event}>
      <span className={classes.mark} data-tone={result.tone}>
        <ToneIcon tone={result.tone} size={17} />
      </span>
      <div>
        <div>
          {sayEntry({ action: entry.action, details: {} })}
          {entry.result === 'ok' ? null : ` (${result.label.toLowerCase()})`}
        </div>
        <div className={classes.who}>
          {entry.actor.name} · <When at={entry.at} full />
        </div>
      </div>
    </li>
  )
}
