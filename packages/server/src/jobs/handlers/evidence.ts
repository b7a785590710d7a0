import { PURGE_QUARANTINE, SWEEP_QUARANTINE } from '../../services/evidence/job-kinds.ts'
import { purgeQuarantine, type QuarantineDeps, sweepQuarantine } from '../../services/evidence/quarantine.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'
import { filePlace } from './file-place.ts'

/** What clears the quarantine of the evidence contract behind promoted assets. */
export const evidenceHandlers = (deps: QuarantineDeps): JobHandler[] => [
  {
    kind: PURGE_QUARANTINE,
    async handle(job) {
      const place = filePlace(job)
      if (!place) throw new GiveUp('The job names no file')
      await purgeQuarantine(deps, place)
    },
  },
  { kind: SWEEP_QUARANTINE, handle: () => sweepQuarantine(deps) },
]

const HOUR = 3_600_000
export const sweepQuarantineSchedule: Schedule = {
  name: SWEEP_QUARANTINE,
  kind: SWEEP_QUARANTINE,
  everyMilliseconds: HOUR,
  maxAttempts: 3,
}
