import type { Migration, MigrationPlan, Move, Target } from '@holdfast/api'
import { count, formatBytes, formatNumber, formatPercent } from '../../ui/format.ts'
import { sayStorageRole } from '../../ui/target-kinds.ts'
import type { Said, Tone } from '../../ui/tones.ts'
import { visibleName } from '../../ui/visible-name.ts'

export const migrationStatusWords: Record<Migration['status'], Said> = {
  running: { tone: 'working', label: 'Running', explain: 'Files are moved one after the other. It goes on after a restart of the server.' },
  paused: { tone: 'attention', label: 'Paused', explain: 'No further file begins until somebody chooses Resume.' },
  done: { tone: 'good', label: 'Done', explain: 'Every file was looked at. The report says what became of each.' },
  cancelled: { tone: 'neutral', label: 'Cancelled', explain: 'Somebody ended it. What was moved until then stays moved.' },
}

/** A migration that is done and left files behind is not simply good. */
export function sayMigration({ status, failed }: Pick<Migration, 'status' | 'failed'>): Said {
  if (status !== 'done' || failed.files === 0) return migrationStatusWords[status]
  return { tone: 'attention', label: 'Done, with failures', explain: 'Every file was looked at. Those that failed stay where they were.' }
}

export const moveStatusWords: Record<Move['status'], Said> = {
  copying: { tone: 'working', label: 'Copying', explain: 'It is read from the old target until its copy is proven.' },
  moved: { tone: 'good', label: 'Moved', explain: 'Both copies were read back and are equal; the file is read from the new target.' },
  failed: { tone: 'bad', label: 'Failed', explain: 'The file stays where it was.' },
  skipped: { tone: 'neutral', label: 'Skipped', explain: 'There was nothing to move any more, or the migration was ended first.' },
}

/** From here and not from the schemas, which would bring their validator into the page. */
export const moveStatusNames = Object.keys(moveStatusWords) as Move['status'][]

type Totals = Pick<Migration, 'status' | 'files' | 'bytes' | 'moved' | 'failed' | 'skipped'>

export type Progress = {
  /** Shares of the bar in percent, which never add up to more than 100. */
  readonly moved: number
  readonly failed: number
  readonly skipped: number
  readonly text: string
}

/** How far a migration is. Files that came to the old target after it began count too, so the whole only ever grows. */
export function progressOf(migration: Totals, locale?: string): Progress {
  const { moved, failed, skipped } = migration
  const doneFiles = moved.files + failed.files + skipped.files
  const doneBytes = moved.bytes + failed.bytes + skipped.bytes
  const files = Math.max(migration.files, doneFiles)
  const bytes = Math.max(migration.bytes, doneBytes)
  const whole = migration.status === 'done' ? doneBytes : bytes
  const part = (group: { files: number; bytes: number }) => (whole > 0 ? group.bytes / whole : files > 0 ? group.files / files : 0) * 100
  const shares = { moved: part(moved), failed: part(failed), skipped: part(skipped) }
  const share = migration.status === 'done' ? '' : ` (${formatPercent(doneBytes, bytes, locale)})`
  return { ...shares, text: `${formatNumber(doneFiles, locale)} of ${count(files, 'file', 'files', locale)}${share}` }
}

/** "12 files, 3.4 GB". */
export const sayGroup = (group: { files: number; bytes: number }, locale?: string): string =>
  `${count(group.files, 'file', 'files', locale)}, ${formatBytes(group.bytes, locale)}`

/** What the file that is on its way is going through: its copy first, then both copies read and compared. */
export function sayStage(move: Pick<Move, 'bytes' | 'copiedBytes' | 'fileName'>, locale?: string): string {
  const file = `${visibleName(move.fileName)} (${formatBytes(move.bytes, locale)})`
  if (move.copiedBytes >= move.bytes) return `Comparing both copies of ${file}`
  return move.copiedBytes === 0 ? `Copying ${file}` : `Copying ${file}, ${formatPercent(move.copiedBytes, move.bytes, locale)} kept so far`
}

export type Remark = { readonly tone: Tone; readonly title: string; readonly text: string; readonly stops: boolean }
type End = Pick<Target, 'name' | 'roles' | 'freeBytes'>
type Ends = { readonly from: End; readonly to: End }

/** What to know before a migration begins, worst first. `stops`: there is no sense in beginning it. */
export function remarksOn(plan: MigrationPlan, { from, to }: Ends, locale?: string): Remark[] {
  if (plan.files === 0)
    return [{ tone: 'neutral', title: `${from.name} holds no files`, text: 'There is nothing to move from it.', stops: true }]
  const remarks: Remark[] = []
  const bytes = formatBytes(plan.bytes, locale)
  if (plan.freeQuotaBytes !== null && plan.freeQuotaBytes < plan.bytes)
    remarks.push({
      tone: 'bad',
      title: `The quota of ${to.name} is too small`,
      text: `${bytes} are to be moved and ${formatBytes(plan.freeQuotaBytes, locale)} are left. Raise the quota, or it stops when it is full.`,
      stops: false,
    })
  if (to.freeBytes !== null && to.freeBytes < plan.bytes)
    remarks.push({
      tone: 'bad',
      title: `${to.name} has too little space`,
      text: `${bytes} are to be moved and it says that ${formatBytes(to.freeBytes, locale)} can be written.`,
      stops: false,
    })
  if (from.roles.length > 0)
    remarks.push({
      tone: 'attention',
      title: `New files go on arriving at ${from.name}`,
      text: `It serves ${from.roles.map(sayStorageRole).join(' and ')}. To empty it for good, choose another target for that role first.`,
      stops: false,
    })
  return remarks
}
