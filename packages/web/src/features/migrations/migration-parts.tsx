import type { Migration } from '@holdfast/api'
import { Progress } from '@mantine/core'
import { IconArrowRight } from '@tabler/icons-react'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { progressOf, sayMigration } from './migration-words.ts'
import classes from './migrations.module.css'

/** "Local → NAS", read out as "Local to NAS". */
export function Between({ migration }: { migration: Pick<Migration, 'from' | 'to'> }) {
  return (
    <span className={classes.between}>
      <span>{migration.from.name}</span>
      <IconArrowRight size={15} className={classes.arrow} role="img" aria-label="to" />
      <span>{migration.to.name}</span>
    </span>
  )
}

export function MigrationStatus({ migration }: { migration: Migration }) {
  const said = sayMigration(migration)
  return (
    <StatusBadge tone={said.tone} explain={said.explain}>
      {said.label}
    </StatusBadge>
  )
}

export const groupColors = { moved: 'harbor', failed: 'red', skipped: 'gray' } as const

type BarProps = { readonly migration: Migration; readonly size?: number }

/** Moved, failed and skipped side by side; the words beside it say the same. */
export function MigrationBar({ migration, size = 8 }: BarProps) {
  const progress = progressOf(migration)
  const name = `${migration.from.name} to ${migration.to.name}`
  return (
    <Progress.Root size={size}>
      {(['moved', 'failed', 'skipped'] as const).map((group) => (
        <Progress.Section key={group} value={progress[group]} color={groupColors[group]} aria-label={`${group} of ${name}`} />
      ))}
    </Progress.Root>
  )
}
