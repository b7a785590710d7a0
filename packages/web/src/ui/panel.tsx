import { type ReactNode, useId } from 'react'
import classes from './panel.module.css'

type PanelProps = {
  readonly title?: string
  readonly hint?: ReactNode
  readonly actions?: ReactNode
  /** Below title and hint: a figure that belongs to the whole of the box. */
  readonly figure?: ReactNode
  readonly children: ReactNode
  /** For content with its own inner spacing, such as tables. */
  readonly flush?: boolean
}

/** A titled box, the only box there is: pages are stacks of these. */
export function Panel({ title, hint, actions, figure, children, flush = false }: PanelProps) {
  const id = useId()
  return (
    <section className={classes.panel} {...(title ? { 'aria-labelledby': id } : {})}>
      {title || actions ? (
        <div className={classes.head}>
          <div className={classes.words}>
            {title ? (
              <h2 id={id} className={classes.title}>
                {title}
              </h2>
            ) : null}
            {hint ? <p className={classes.hint}>{hint}</p> : null}
            {figure ? <div className={classes.figure}>{figure}</div> : null}
          </div>
          {actions ? <div className={classes.actions}>{actions}</div> : null}
        </div>
      ) : null}
      <div className={flush ? undefined : classes.body}>{children}</div>
    </section>
  )
}
