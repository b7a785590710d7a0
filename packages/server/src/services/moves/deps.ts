import type { Clock } from '../../core/clock.ts'
import type { CrashPoints } from '../../core/crash-point.ts'
import type { Store } from '../../db/store.ts'
import type { TargetAccess } from '../target-access.ts'

export type MoveDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly targets: TargetAccess
  readonly points: CrashPoints
  /** How long the old object of a moved file is kept, for downloads that began there. */
  readonly oldObjectKept: number
}

export type MoveOptions = {
  readonly signal: AbortSignal
  /** Bytes read or compared so far, of twice the size: once to copy, once to prove. */
  readonly progress: (done: { bytes: number; of: number }) => Promise<void>
}
