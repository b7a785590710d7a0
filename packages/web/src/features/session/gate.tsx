import type { ReactNode } from 'react'
import classes from './gate.module.css'

/** The page frame for those who are not in yet: the mark, one box, nothing else. */
export function Gate({ title, hint, children }: { title: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <main className={classes.gate} id="main" tabIndex={-1}>
      <div className={classes.box}>
        <div className={classes.brand}>
          <img src="/favicon.svg" alt="" width={28} height={28} />
          Holdfast
        </div>
        <div className={classes.card}>
          <h1 className={classes.title}>{title}</h1>
          {hint ? <div className={classes.hint}>{hint}</div> : null}
          {children}
        </div>
        <p className={classes.foot}>Evidence and file store: sealed at rest, proven on the way in and out.</p>
      </div>
    </main>
  )
}
