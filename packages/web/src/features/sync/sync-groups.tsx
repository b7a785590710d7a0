import type { Sync } from '@holdfast/api'
import { formatNumber } from '../../ui/format.ts'
import classes from './sync.module.css'
import { type GroupName, groupsOf, groupWords, sayExample, sayGroup } from './sync-words.ts'

/** What a Sync found, or did: each kind of difference with its number and some of its files. */
export function SyncGroups({ sync }: { sync: Sync }) {
  const groups = groupsOf(sync)
  if (groups.length === 0) return null
  const over = sync.mode === 'apply' && sync.status === 'done'
  return (
    <ul className={classes.groups} aria-label={over ? 'What Sync did' : 'What Sync will do'}>
      {groups.map((name) => (
        <Group key={name} name={name} sync={sync} over={over} />
      ))}
      {sync.unchanged > 0 ? (
        <li className={classes.group}>
          <span className={classes.name}>Unchanged</span>
          <span className="hf-number">{formatNumber(sync.unchanged)}</span>
        </li>
      ) : null}
    </ul>
  )
}

function Group({ name, sync, over }: { name: GroupName; sync: Sync; over: boolean }) {
  const group = sync[name]
  const words = groupWords[name]
  const rest = group.count - group.examples.length
  return (
    <li className={classes.group}>
      <span className={classes.name}>{over ? words.did : words.will}</span>
      <span className="hf-number">{sayGroup(group)}</span>
      <span className={classes.explain}>{words.explain}</span>
      {group.examples.length > 0 ? (
        <details className={classes.examples} open={group.examples.length <= 5}>
          <summary>{over ? 'Which' : 'Which ones'}</summary>
          <ul>
            {group.examples.map((example) => (
              <li key={`${example.name} ${example.fileId}`}>
                <bdi>{sayExample(example)}</bdi>
              </li>
            ))}
            {rest > 0 ? <li className={classes.rest}>and {formatNumber(rest)} more</li> : null}
          </ul>
        </details>
      ) : null}
    </li>
  )
}
