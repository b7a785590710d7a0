import type { TargetCapabilities } from '@holdfast/api'
import { IconCheck, IconMinus, IconQuestionMark } from '@tabler/icons-react'
import { abilitiesOf } from './capability-words.ts'
import classes from './storage.module.css'

const marks = { yes: IconCheck, no: IconMinus, unknown: IconQuestionMark } as const
const words = { yes: 'Yes', no: 'No', unknown: 'Not known' } as const

/** Everything that was found out about a target, each with yes, no or not known (T12). */
export function Abilities({ found }: { found: TargetCapabilities }) {
  return (
    <ul className={classes.abilities} aria-label="What it can do">
      {abilitiesOf(found).map(({ label, able, explain }) => {
        const answer = able === null ? 'unknown' : able ? 'yes' : 'no'
        const Mark = marks[answer]
        return (
          <li key={label} className={classes.ability} data-able={answer}>
            <Mark size={16} role="img" aria-label={words[answer]} />
            <span>
              {label}
              <span className={classes.abilityExplain}>{explain}</span>
            </span>
          </li>
        )
      })}
    </ul>
  )
}
