import type { Clock } from '../../core/clock.ts'
import type { CrashPoints } from '../../core/crash-point.ts'
import type { Store } from '../../db/store.ts'
import type { KeyHierarchy } from '../../keys/hierarchy.ts'
import type { TargetAccess } from '../target-access.ts'
import type { DigestPool } from './digest-pool.ts'
import type { PartAttempts } from './part-attempts.ts'
import type { PartMemory } from './part-memory.ts'

export type IngestLimits = {
  /** Uploads that one person may have open (D8). */
  readonly uploadsPerUser: number
  /** Parts that may arrive at once over all (D8). */
  readonly partsAtOnce: number
}

export const defaultIngestLimits: IngestLimits = { uploadsPerUser: 10, partsAtOnce: 20 }

export type IngestDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly keys: KeyHierarchy
  readonly targets: TargetAccess
  readonly digests: DigestPool
  readonly memory: PartMemory
  readonly attempts: PartAttempts
  readonly points: CrashPoints
  readonly limits: IngestLimits
}
