import { isFinal, type QueueRow } from '@holdfast/client'
import { Button } from '@mantine/core'
import { useServices } from '../../app/services.tsx'
import { UploadRow } from './upload-row.tsx'
import classes from './upload-rows.module.css'

/** The queue of one place: what runs, what waits, what was interrupted, and what has just become ready. */
export function UploadRows({ label, rows }: { label: string; rows: readonly QueueRow[] }) {
  const { uploads } = useServices()
  if (rows.length === 0) return null
  const finished = rows.filter((row) => isFinal(row.state))
  const clear = () => {
    for (const row of finished) uploads.remove(row.id)
  }
  return (
    <section className={classes.queue} aria-label={label}>
      <div className={classes.head}>
        <h3 className={classes.title}>Uploads</h3>
        {finished.length > 0 ? (
          <Button size="compact-xs" variant="subtle" onClick={clear}>
            Clear finished
          </Button>
        ) : null}
      </div>
      <ul className={classes.list}>
        {rows.map((row) => (
          <UploadRow key={row.id} row={row} />
        ))}
      </ul>
    </section>
  )
}
