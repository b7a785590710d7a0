import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconInfoCircle, IconProgress } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './status-badge.module.css'
import type { Tone } from './tones.ts'

const icons = {
  neutral: IconInfoCircle,
  working: IconProgress,
  good: IconCircleCheck,
  attention: IconAlertTriangle,
  bad: IconCircleX,
} as const

/** The icon of a tone; its meaning is always also in words beside it. */
export function ToneIcon({ tone, size = 15 }: { tone: Tone; size?: number }) {
  const Icon = icons[tone]
  return <Icon size={size} stroke={2} aria-hidden="true" className={classes.icon} />
}

/** A state as icon and words in a quiet box; `explain` shows on hover and is in full in the details elsewhere. */
export function StatusBadge({ tone, explain, children }: { tone: Tone; explain?: string; children: ReactNode }) {
  return (
    <span className={classes.badge} data-tone={tone} title={explain}>
      <ToneIcon tone={tone} />
      {children}
    </span>
  )
}

/** On whatever a legal hold covers. */
export const HeldBadge = () => (
  <StatusBadge tone="attention" explain="It can't be deleted until the hold is released.">
    Legal hold
  </StatusBadge>
)
