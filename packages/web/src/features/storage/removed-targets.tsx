import type { Target } from '@holdfast/api'
import { useQuery } from '@tanstack/react-query'
import { useClient, useMay } from '../../app/services.tsx'
import { count, formatBytes } from '../../ui/format.ts'
import { ButtonLink } from '../../ui/links.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Failed } from '../../ui/states.tsx'
import { kindWords } from '../../ui/target-kinds.ts'
import { When } from '../../ui/values.tsx'
import { removedTargetsQuery } from './queries.ts'
import classes from './storage.module.css'
import { sayPlace } from './target-words.ts'

const sayHeld = ({ fileCount, stagedCount, usedBytes }: Target): string =>
  [
    ...(fileCount > 0 ? [`${count(fileCount, 'file')} with ${formatBytes(usedBytes)}`] : []),
    ...(stagedCount > 0 ? [`${count(stagedCount, 'file')} not synced yet`] : []),
  ].join(' · ')

/** Deleted targets whose files wait to be taken back; nothing where there are none. */
export function RemovedTargets() {
  const removed = useQuery(removedTargetsQuery(useClient()))
  const mayWrite = useMay()('target.write')
  if (removed.isError && !removed.data)
    return <Failed error={removed.error} what="Deleted targets can't be shown" onRetry={() => removed.refetch()} />
  if (!removed.data || removed.data.length === 0) return null
  return (
    <Panel
      title="Deleted targets with files"
      hint="What is stored there can't be read, and what was on its way there stays on this server. Adding the same place again takes all back."
      flush
    >
      {removed.data.map((target) => (
        <div key={target.id} className={classes.removed}>
          <div>
            <h3 className={classes.targetName}>{target.name}</h3>
            <div className={classes.kind}>
              {kindWords[target.kind]} · {sayHeld(target)}
              {target.removedAt ? (
                <>
                  {' · deleted '}
                  <When at={target.removedAt} />
                </>
              ) : null}
            </div>
            <div className={classes.place}>{sayPlace(target)}</div>
          </div>
          {mayWrite ? (
            <ButtonLink
              to="/settings/storage/new"
              search={{ again: target.id }}
              size="compact-sm"
              variant="default"
              aria-label={`Add ${target.name} again`}
            >
              Add again
            </ButtonLink>
          ) : null}
        </div>
      ))}
    </Panel>
  )
}
