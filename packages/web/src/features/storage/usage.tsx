import type { Target } from '@holdfast/api'
import { Progress } from '@mantine/core'
import { formatBytes } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { Size } from '../../ui/values.tsx'
import classes from './storage.module.css'
import { usageOf } from './target-words.ts'

const barColor = { good: 'harbor', attention: 'yellow.7', bad: 'red' } as const

/** What is stored and reserved, against the quota where there is one, and what the storage itself has left. */
export function UsageOf({ target }: { target: Target }) {
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
      <div className={classes.kind}>
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

type Held = Pick<Target, 'usedBytes' | 'reservedBytes'>

/** Says what a quota below what is stored means, before it is saved. */
export function QuotaTooSmall({ target, quotaBytes }: { target: Held; quotaBytes: number | null }) {
  const held = target.usedBytes + target.reservedBytes
  if (quotaBytes === null || quotaBytes >= held) return null
  return (
    <Notice tone="attention" live title="Below what is stored already">
      {formatBytes(held)} are stored or reserved. Files stay readable; new ones are refused until there is room.
    </Notice>
  )
}
