import type { Clock } from '../core/clock.ts'
import { type Around, intercept, type Operation, type TargetCall } from './intercept.ts'
import { createSlots } from './slots.ts'
import { StorageError, type StorageFault, type StorageTarget } from './target.ts'

export type { Operation, TargetCall } from './intercept.ts'

/** One attempt of a call, told after it ended. It holds no key: records of calls may be logged and counted. */
export type CallRecord = {
  readonly kind: StorageTarget['kind']
  readonly operation: Operation
  readonly bytes: number
  readonly milliseconds: number
  /** 1 for the first try. */
  readonly attempt: number
  /** Null where it succeeded; 'other' for aborts and defects. */
  readonly fault: StorageFault | 'other' | null
}

export type WrapOptions = {
  readonly clock: Clock
  /** Tries of one call in all; 5 where not said. */
  readonly attempts?: number
  /** Calls of this target that run at once; 16 where not said. Waiting between tries takes no slot. */
  readonly concurrency?: number
  /** The longest wait before the second try, in milliseconds; doubles from try to try up to 5 seconds. 100 where not said. */
  readonly firstDelay?: number
  readonly onCall?: (record: CallRecord) => void
  /** Uniform in [0, 1), for the jitter of waits. */
  readonly random?: () => number
}

const LONGEST_DELAY = 5_000
/** What tries of one call may take together, in milliseconds, before there is another: a server that hangs is not waited for again. */
const PATIENCE = 20_000

const faultOf = (error: unknown): StorageFault | 'other' => (error instanceof StorageError ? error.fault : 'other')

/**
 * A target that repeats what failed as 'unavailable', but not what took long to fail, runs a bounded number of calls at once and tells
 * how long each took.
 * `put` with `ifAbsent` is never repeated: its second try could meet the object of its first.
 */
export function wrapTarget(target: StorageTarget, options: WrapOptions): StorageTarget {
  const { clock, attempts = 5, concurrency = 16, firstDelay = 100, onCall, random = Math.random } = options
  const slots = createSlots(concurrency)

  const tryOnce = async <T>(call: TargetCall, attempt: number, run: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now()
    const tell = (fault: CallRecord['fault']): void =>
      onCall?.({
        kind: target.kind,
        operation: call.operation,
        bytes: call.bytes,
        milliseconds: performance.now() - startedAt,
        attempt,
        fault,
      })
    try {
      const result = await run()
      tell(null)
      return result
    } catch (error) {
      tell(faultOf(error))
      throw error
    }
  }

  const around: Around = async (call, callOptions, run) => {
    let spent = 0
    const spend = (attempt: number) => {
      const since = clock.now()
      return tryOnce(call, attempt, run).finally(() => {
        spent += clock.now() - since
      })
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await slots.run(() => spend(attempt), callOptions?.signal)
      } catch (error) {
        if (faultOf(error) !== 'unavailable' || !call.repeatable || attempt >= attempts || spent >= PATIENCE) throw error
        await clock.sleep(random() * Math.min(LONGEST_DELAY, firstDelay * 2 ** (attempt - 1)), callOptions?.signal)
      }
    }
  }
  return intercept(target, around)
}

/** Whether a call fails, and when: before it takes effect or after. `count` is the number of this call among all, from 1. */
export type FaultPlan = (call: TargetCall, count: number) => 'before' | 'after' | null

/** A target that fails as 'unavailable' as `plan` says, for tests of everything that uses targets. */
export function withFaults(target: StorageTarget, plan: FaultPlan): StorageTarget {
  let count = 0
  return intercept(target, async (call, _options, run) => {
    count += 1
    const when = plan(call, count)
    if (when === 'before') throw new StorageError('unavailable', `Injected before ${call.operation}`)
    const result = await run()
    if (when === 'after') throw new StorageError('unavailable', `Injected after ${call.operation}`)
    return result
  })
}
