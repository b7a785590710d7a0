import { Button, Loader } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Notice } from './notice.tsx'
import { sayProblem } from './problem-words.ts'
import classes from './states.module.css'

/** A query that failed: what went wrong, what to do, and a way to try again. */
export function Failed({ error, onRetry, what }: { error: unknown; onRetry?: () => void; what?: string }) {
  const said = sayProblem(error)
  return (
    <Notice
      tone="bad"
      live
      title={what ? `${what}: ${said.title}` : said.title}
      actions={
        onRetry ? (
          <Button variant="default" size="xs" leftSection={<IconRefresh size={15} aria-hidden="true" />} onClick={onRetry}>
            Try again
          </Button>
        ) : null
      }
    >
      {said.text}
      {said.requestId ? <RequestId id={said.requestId} /> : null}
    </Notice>
  )
}

export function RequestId({ id }: { id: string }) {
  return (
    <span className={classes.request}>
      Request id <span className="hf-mono">{id}</span>
    </span>
  )
}

type EmptyProps = { icon: ReactNode; title: string; children?: ReactNode; action?: ReactNode }

/** Nothing here yet, and what one can do about it. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <span className={classes.icon} aria-hidden="true">
        {icon}
      </span>
      <p className={classes.title}>{title}</p>
      {children ? <div className={classes.text}>{children}</div> : null}
      {action ? <div className={classes.action}>{action}</div> : null}
    </div>
  )
}

export function Busy({ children }: { children: string }) {
  return (
    <div className={classes.busy} role="status">
      <Loader size="sm" aria-hidden="true" />
      {children}
    </div>
  )
}

type MoreProps = {
  readonly hasMore: boolean
  readonly loading: boolean
  readonly onMore: () => void
  readonly shown: string
  /** What holds for all of them. */
  readonly note?: string | null
}

/** The foot of a paged list: how many are shown, and the next page on demand. */
export function More({ hasMore, loading, onMore, shown, note }: MoreProps) {
  return (
    <div className={classes.more}>
      <div>
        <span role="status">{shown}</span>
        {note ? ` · ${note}` : null}
      </div>
      {hasMore ? (
        <Button variant="default" size="xs" loading={loading} onClick={onMore}>
          Load more
        </Button>
      ) : null}
    </div>
  )
}
