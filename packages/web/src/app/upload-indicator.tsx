import type { QueueRow } from '@holdfast/client'
import { Loader } from '@mantine/core'
import { IconPlugConnectedX } from '@tabler/icons-react'
import { formatPercent } from '../ui/format.ts'
import { TextLink } from '../ui/links.tsx'
import { useUploadState } from './services.tsx'
import classes from './shell.module.css'

const isOnItsWay = ({ state }: QueueRow) =>
  ['queued', 'verifying-local', 'uploading', 'waiting', 'hashing', 'completing'].includes(state.phase)

const loadedOf = ({ state, size }: QueueRow): number =>
  state.phase === 'completing' || state.phase === 'hashing'
    ? size
    : 'loaded' in state && state.phase !== 'verifying-local'
      ? state.loaded
      : 0

/** What is on its way, on every page, and the way back to it. */
export function UploadIndicator() {
  const rows = useUploadState().rows.filter(isOnItsWay)
  const first = rows.find((row) => row.state.phase !== 'queued') ?? rows[0]
  if (!first) return null
  const total = rows.reduce((sum, row) => sum + row.size, 0)
  const loaded = rows.reduce((sum, row) => sum + loadedOf(row), 0)
  const waiting = rows.every((row) => row.state.phase === 'waiting' || row.state.phase === 'queued') && first.state.phase === 'waiting'
  const { caseId, itemId } = first.destination
  const what = waiting ? 'Waiting for connection' : rows.length === 1 ? 'Uploading' : `Uploading ${rows.length} files`
  const inner = (
    <>
      {waiting ? <IconPlugConnectedX size={15} aria-hidden="true" /> : <Loader size={14} aria-hidden="true" />}
      <span className={classes.words}>{what}</span>
      {loaded < total ? <span className="hf-number">{formatPercent(loaded, total)}</span> : null}
    </>
  )
  const look = { className: classes.indicator, underline: 'never', 'data-waiting': waiting || undefined, title: 'Show the upload' } as const
  return itemId ? (
    <TextLink to="/cases/$caseId/items/$itemId" params={{ caseId, itemId }} {...look}>
      {inner}
    </TextLink>
  ) : (
    <TextLink to="/cases/$caseId" params={{ caseId }} {...look}>
      {inner}
    </TextLink>
  )
}
