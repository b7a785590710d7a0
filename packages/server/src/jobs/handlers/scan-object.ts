import { SCAN_OBJECT } from '../../services/objects/job-kinds.ts'
import { type ScanDeps, scanObject } from '../../services/objects/scan.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import { filePlace } from './file-place.ts'

/** Judges a received object and settles its status. */
export const scanObjectHandler = (deps: ScanDeps): JobHandler => ({
  kind: SCAN_OBJECT,
  async handle(job, { signal, progress }) {
    const place = filePlace(job)
    if (!place) throw new GiveUp('The job names no file')
    await scanObject(deps, place, { signal, progress, attempt: job.attempt })
  },
})
