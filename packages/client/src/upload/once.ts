import type { CallOptions } from '../http.ts'
import type { RunCore } from './lifetime.ts'

/** Options of a call within a run: one attempt, as the pace of the run sees to the next. */
export const once = ({ signal, tuning }: Pick<RunCore<never>, 'signal' | 'tuning'>): CallOptions => ({
  signal,
  retries: 0,
  timeoutMs: tuning.callMs,
})
