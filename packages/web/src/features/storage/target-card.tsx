import type { Target } from '@holdfast/api'
import { Button, Progress } from '@mantine/core'
import { IconPencil, IconPlugConnected } from '@tabler/icons-react'
import { useState } from 'react'
import { useMay } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { count } from '../../ui/format.ts'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { kindWords } from '../../ui/target-kinds.ts'
import { Size, When } from '../../ui/values.tsx'
import { EditTarget } from './edit-target.tsx'
import classes from './storage.module.css'
import { roleWords, sayLastTest, usageOf } from './target-words.ts'
import { TestTarget } from './test-target.tsx'

export function TargetCard({ target }: { target: Target }) {
  const may = useMay()
  const [open, setOpen] = useState<'edit' | 'test' | null>(null)
  const tested = sayLastTest(target, Date.now())
  const titleId = `target-${target.id}`
  return (
    <article className={classes.target} aria-labelledby={titleId}>
      <div className={classes.targetHead}>
        <div>
          <h3 id={titleId} className={classes.targetName}>
            {target.name}
          </h3>
          <div className={classes.kind}>
            {kindWords[target.kind]}
            {target.builtin ? ' · built in, cannot be deleted' : ''}
          </div>
        </div>
        <StatusBadge tone={tested.tone} explain={tested.explain}>
          {tested.label}
        </StatusBadge>
        {may('target.write') ? <TargetButtons onOpen={setOpen} /> : null}
      </div>
      <div className={classes.columns}>
        <UsageOf target={target} />
        <Facts facts={factsOf(target)} />
      </div>
      <EditTarget target={target} opened={open === 'edit'} onClose={() => setOpen(null)} />
      <TestTarget target={target} opened={open === 'test'} onClose={() => setOpen(null)} />
    </article>
  )
}

function TargetButtons({ onOpen }: { onOpen: (what: 'edit' | 'test') => void }) {
  return (
    <div className={classes.buttons}>
      <Button size="xs" variant="default" leftSection={<IconPlugConnected size={15} aria-hidden="true" />} onClick={() => onOpen('test')}>
        Test connection
      </Button>
      <Button size="xs" variant="default" leftSection={<IconPencil size={15} aria-hidden="true" />} onClick={() => onOpen('edit')}>
        Edit
      </Button>
    </div>
  )
}

const barColor = { good: 'harbor', attention: 'yellow.7', bad: 'red' } as const

function UsageOf({ target }: { target: Target }) {
  const usage = usageOf(target)
  return (
    <div>
      <div className={classes.usageLine}>
        <span>
          <strong>
            <Size bytes={target.usedBytes} />
          </strong>{' '}
          used
          {target.reservedBytes > 0 ? (
            <>
              {' '}
              and <Size bytes={target.reservedBytes} /> reserved by running uploads
            </>
          ) : null}
        </span>
        <span>{usage ? usage.text : 'No quota'}</span>
      </div>
      {usage ? (
        <Progress.Root size={8} mt={6}>
          <Progress.Section value={usage.usedPercent} color={barColor[usage.tone]} aria-label={`Used space of ${target.name}`} />
          <Progress.Section
            value={usage.reservedPercent}
            color={barColor[usage.tone]}
            striped
            aria-label={`Reserved space of ${target.name}`}
          />
        </Progress.Root>
      ) : null}
    </div>
  )
}

function factsOf(target: Target) {
  const place = Object.entries(target.place).filter(([, value]) => value !== null && value !== '')
  const roles = target.roles.map((role) => (role in roleWords ? roleWords[role as keyof typeof roleWords].label : role))
  return [
    ['Files', count(target.fileCount, 'file')],
    ['Free on disk', target.freeBytes === null ? 'Not known' : <Size key="free" bytes={target.freeBytes} />],
    ['Serves', roles.length > 0 ? roles.join(', ') : 'No role yet'],
    ...place.map(([name, value]) => [placeWords(name), String(value)] as const),
    ['Last pass', target.lastPassAt ? <When key="pass" at={target.lastPassAt} /> : null],
    ['Last test', target.lastTestAt ? <When key="test" at={target.lastTestAt} /> : null],
  ] as const
}

const placeWords = (name: string): string =>
  name.charAt(0).toUpperCase() +
  name
    .slice(1)
    .replace(/([A-Z])/g, ' $1')
    .toLowerCase()
