import { Progress } from '@mantine/core'
import classes from './usage.module.css'
import { type Held, usageOf } from './usage-words.ts'
import { Size } from './values.tsx'

const barColor = { good: 'harbor', attention: 'yellow.7', bad: 'red' } as const

type UsageProps = {
  readonly target: Held & {
    readonly name: string
    /** What the storage itself has left; null where it does not tell. */
    readonly freeBytes: number | null
  }
}

/** What is stored and reserved, against the quota where there is one, and what the storage itself has left. */
export function UsageOf({ target }: UsageProps) {
  const usage = usageOf(target)
  return (
    <div className={classes.usage}>
      <div>
        <strong>
          <Size bytes={target.usedBytes} />
        </strong>{' '}
        used
        {target.reservedBytes > 0 ? (
          <>
            , <Size bytes={target.reservedBytes} /> reserved
          </>
        ) : null}
      </div>
      {usage ? (
        <Progress.Root size={8} my={4}>
          <Progress.Section value={usage.usedPercent} color={barColor[usage.tone]} aria-label={`Used space of ${target.name}`} />
          <Progress.Section
            value={usage.reservedPercent}
            color={barColor[usage.tone]}
            striped
            aria-label={`Reserved space of ${target.name}`}
          />
        </Progress.Root>
      ) : null}
      <div className={classes.left}>
        {usage ? usage.text : 'No quota'}
        {target.freeBytes === null ? null : (
          <>
            {' · '}
            <Size bytes={target.freeBytes} /> free there
          </>
        )}
      </div>
    </div>
  )
}
