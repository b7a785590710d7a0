import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'
import classes from './page.module.css'

type PageProps = {
  readonly title: string
  /** For the browser's tab, where the heading alone would not say enough. */
  readonly tabTitle?: string
  readonly above?: ReactNode
  readonly hint?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** Heading, actions and content of one page; sets the tab's title. */
export function Page({ title, tabTitle, above, hint, actions, children }: PageProps) {
  useDocumentTitle(`${tabTitle ?? title} · Holdfast`)
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.words}>
          {above ? <div className={classes.above}>{above}</div> : null}
          <h1 className={classes.title}>{title}</h1>
          {hint ? <div className={classes.hint}>{hint}</div> : null}
        </div>
        {actions ? <div className={classes.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  )
}
