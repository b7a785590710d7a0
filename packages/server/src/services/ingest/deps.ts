import type { Clock } from '../../core/clock.ts'
import type { CrashPoints } from '../../core/crash-point.ts'
import type { Store } from '../../db/store.ts'
import type { KeyHierarchy } from '../../keys/hierarchy.ts'
import type { TargetAccess } from '../target-access.ts'
import type { Completions } from './completions.ts'
import type { DigestPool } from './digest-pool.ts'
import type { PartAttempts } from './part-attempts.ts'
import type { PartMemory } from './part-memory.ts'

export type IngestLimits = {
  /** Secure uploads that one person may have open. */
  readonly uploadsPerUser: number
  /** Parts that may arrive at once at this instance. */
  readonly partsAtOnce: number
  /** Direct uploads that one person may have open, besides the others (D8). */
  readonly directUploadsPerUser: number
  /** Parts of direct uploads that may be written at once over all instances (D8). */
  readonly directPartsAtOnce: number
}

export const defaultIngestLimits: IngestLimits = { uploadsPerUser: 10, partsAtOnce: 20, directUploadsPerUser: 10, directPartsAtOnce: 20 }

export type IngestDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly keys: KeyHierarchy
  readonly targets: TargetAccess
  readonly digests: DigestPool
  readonly memory: PartMemory
  readonly attempts: PartAttempts
  readonly completions: Completions
  readonly points: CrashPoints
  readonly limits: IngestLimits
}
