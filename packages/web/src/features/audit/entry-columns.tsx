import type { AuditEntry } from '@holdfast/api'
import { UnstyledButton } from '@mantine/core'
import { auditResultWords, sayEntry } from '../../ui/audit-words.ts'
import { formatNumber } from '../../ui/format.ts'
import type { Column } from '../../ui/record-table.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { When } from '../../ui/values.tsx'
import classes from './audit.module.css'
import type { AuditSearch } from './filters.ts'

/** Columns of the log; a name in them narrows the list to what it names. */
export const entryColumns = (
  search: AuditSearch,
  onSearch: (search: AuditSearch) => void,
  fileNames: ReadonlyMap<string, string>,
): readonly Column<AuditEntry>[] => [
  {
    id: 'what',
    header: 'What happened',
    role: 'name',
    cell: (entry) => (
      <div className={classes.line}>
        <UnstyledButton className={classes.open} onClick={() => onSearch({ ...search, entry: entry.id })} title="Show entry details">
          <bdi>{sayEntry(entry, fileNames.get(entry.fileId ?? ''))}</bdi>
        </UnstyledButton>
        <span className={classes.code}>{entry.action}</span>
      </div>
    ),
  },
  {
    id: 'result',
    header: 'Result',
    width: '7.5rem',
    cell: (entry) => {
      const said = auditResultWords[entry.result]
      return (
        <StatusBadge tone={said.tone} explain={said.explain}>
          {said.label}
        </StatusBadge>
      )
    },
  },
  {
    id: 'actor',
    header: 'Who',
    width: '13rem',
    cell: (entry) => (
      <div className={classes.line}>
        <UnstyledButton
          className={classes.narrow}
          onClick={() => onSearch({ ...search, actor: entry.actor.id })}
          title={`Show only what ${entry.actor.name} did`}
        >
          {entry.actor.name}
        </UnstyledButton>
        {entry.actor.kind === 'user' ? null : <span className={classes.code}>{entry.actor.kind}</span>}
      </div>
    ),
  },
  { id: 'at', header: 'When', width: '16rem', cell: (entry) => <When at={entry.at} full /> },
  {
    id: 'index',
    header: 'Entry',
    align: 'end',
    width: '6rem',
    cell: (entry) => <span className="hf-number">{entry.index === null ? 'pending' : formatNumber(entry.index)}</span>,
  },
]
