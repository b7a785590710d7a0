import { ContainerError, describeContainerError } from '@holdfast/container'
import { StorageError } from '../../storage/target.ts'

/**
 * The stored object is not what was sealed: missing, of another size, or bytes that are not authentic. `offset` is where in the object,
 * or null for the object as a whole. The message is plain words without paths or keys.
 */
export class ObjectDamaged extends Error {
  override readonly name = 'ObjectDamaged'
  readonly offset: number | null
  readonly missing: boolean
  constructor(reason: string, options: { offset?: number | null; missing?: boolean; cause?: unknown } = {}) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause })
    this.offset = options.offset ?? null
    this.missing = options.missing ?? false
  }
}

/** An error of reading or opening as `ObjectDamaged` where it says that about the object; anything else as it is. */
export function asDamage(error: unknown): unknown {
  if (error instanceof ContainerError) return new ObjectDamaged(describeContainerError(error), { offset: error.offset, cause: error })
  if (!(error instanceof StorageError)) return error
  if (error.fault === 'not-found') return new ObjectDamaged('The object is missing at its target', { missing: true, cause: error })
  if (error.fault === 'out-of-range') return new ObjectDamaged('The object ends before it should', { cause: error })
  return error
}
