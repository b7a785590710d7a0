import type { ReactNode } from 'react'
import classes from './notice.module.css'
import { ToneIcon } from './status-badge.tsx'
import type { Tone } from './tones.ts'

type NoticeProps = { tone: Tone; title?: ReactNode; children?: ReactNode; actions?: ReactNode; live?: boolean }

/** A message that stays in the page. `live` is for what appears by itself: it is then read out at once (bad) or in turn. */
export function Notice({ tone, title, children, actions, live }: NoticeProps) {
  return (
    <div className={classes.notice} data-tone={tone} {...(live ? { role: tone === 'bad' ? 'alert' : 'status' } : {})}>
      <span className={classes.icon}>
        <ToneIcon tone={tone} size={19} />
      </span>
      <div className={classes.body}>
        {title ? <p className={classes.title}>{title}</p> : null}
        {children ? <div className={classes.text}>{children}</div> : null}
        {actions ? <div className={classes.actions}>{actions}</div> : null}
      </div>
    </div>
  )
}
