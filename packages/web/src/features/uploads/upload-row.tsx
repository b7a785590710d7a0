import { isFinal, percentOf, type QueueRow, type UploadState } from '@holdfast/client'
import { Button, Progress } from '@mantine/core'
import { useRef } from 'react'
import { useServices } from '../../app/services.tsx'
import { ToneIcon } from '../../ui/status-badge.tsx'
import { sayUpload } from '../../ui/upload-words.ts'
import { Size } from '../../ui/values.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import classes from './upload-rows.module.css'

const wholeBar: readonly UploadState['phase'][] = ['completing', 'verifying', 'ready']

export function UploadRow({ row }: { row: QueueRow }) {
  const said = sayUpload(row.state)
  const percent = wholeBar.includes(row.state.phase) ? 100 : percentOf(row.state)
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <span className={classes.name}>
          <bdi>{visibleName(row.name)}</bdi>
        </span>
        <span className={classes.size}>
          <Size bytes={row.size} />
        </span>
      </div>
      <div className={classes.state} data-tone={said.tone}>
        <ToneIcon tone={said.tone} />
        <span className="hf-number">
          <strong>{said.label}</strong>
          {said.explain ? <span className={classes.explain}> {said.explain}</span> : null}
        </span>
      </div>
      <div className={classes.actions}>
        <RowActions row={row} />
      </div>
      {percent === null || row.state.phase === 'ready' ? null : (
        <Progress
          className={classes.bar}
          size={5}
          value={percent}
          color={said.tone === 'attention' ? 'yellow.6' : 'harbor'}
          animated={wholeBar.includes(row.state.phase)}
          striped={wholeBar.includes(row.state.phase)}
          aria-label={`Progress of ${visibleName(row.name)}`}
          transitionDuration={150}
        />
      )}
    </li>
  )
}

function RowActions({ row }: { row: QueueRow }) {
  const { uploads } = useServices()
  const { state } = row
  if (state.phase === 'ready' || state.phase === 'cancelling') return null
  const retryable = state.phase === 'cancelled' || (state.phase === 'error' && state.error.retryable)
  return (
    <>
      {state.phase === 'needs-file' ? <GoOn row={row} /> : null}
      {retryable ? (
        <Button size="compact-sm" variant="default" aria-label={`Retry ${visibleName(row.name)}`} onClick={() => uploads.retry(row.id)}>
          Retry
        </Button>
      ) : null}
      {isFinal(state) ? (
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          aria-label={`Remove ${visibleName(row.name)} from the list`}
          onClick={() => uploads.remove(row.id)}
        >
          Remove
        </Button>
      ) : state.phase === 'verifying' ? null : (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Cancel upload ${visibleName(row.name)}`}
          onClick={() => void uploads.cancel(row.id)}
        >
          {state.phase === 'needs-file' ? 'Discard' : 'Cancel'}
        </Button>
      )}
    </>
  )
}

/** The ways to go on with an interrupted upload: the browser may still know the file, else it is chosen again. */
function GoOn({ row }: { row: QueueRow }) {
  const { uploads } = useServices()
  return (
    <>
      {row.canReopen ? (
        <Button size="compact-sm" aria-label={`Go on with ${visibleName(row.name)}`} onClick={() => void uploads.reopen(row.id)}>
          Go on
        </Button>
      ) : null}
      <ChooseSame row={row} />
    </>
  )
}

/** The queue makes sure that it is the same file before a byte is sent. */
function ChooseSame({ row }: { row: QueueRow }) {
  const { uploads } = useServices()
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button
        size="compact-sm"
        variant={row.canReopen ? 'default' : 'filled'}
        aria-label={`Choose the same file for ${visibleName(row.name)}`}
        onClick={() => input.current?.click()}
      >
        Choose the same file
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0]
          event.currentTarget.value = ''
          if (file) uploads.resume(row.id, file)
        }}
      />
    </>
  )
}
