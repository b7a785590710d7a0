import type { CallOptions } from '../http.ts'
import { NetworkProblem } from '../problem.ts'
import type { RunCore } from '../upload/lifetime.ts'
import { orAborted } from '../upload/or-aborted.ts'

/**
 * One attempt of a call that an app has written: over after `milliseconds` and when the run is, whether or not it heeds its signal.
 * @throws NetworkProblem where no answer came; what the call rejects with; the reason of the run's signal.
 */
export async function timed<T>(
  { signal }: Pick<RunCore<never>, 'signal'>,
  milliseconds: number,
  work: (options: CallOptions) => Promise<T>,
): Promise<T> {
  const clock = new AbortController()
  const timer = setTimeout(() => clock.abort(new NetworkProblem('timeout')), milliseconds)
  const either = AbortSignal.any([signal, clock.signal])
  try {
    return await orAborted(work({ signal: either, timeoutMs: milliseconds, retries: 0 }), either)
  } catch (error) {
    if (either.aborted) throw either.reason
    // What fetch rejects with.
    throw error instanceof TypeError ? new NetworkProblem('failed', error) : error
  } finally {
    clearTimeout(timer)
  }
}
