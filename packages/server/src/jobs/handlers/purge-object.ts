import { PURGE_OBJECT } from '../../services/ingest/job-kinds.ts'
import { type PurgeDeps, purgeObject } from '../../services/purge.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import { filePlace } from './file-place.ts'

/** Removes what a deleted or failed file has left at its target. */
export const purgeObjectHandler = (deps: PurgeDeps): JobHandler => ({
  kind: PURGE_OBJECT,
  async handle(job) {
    const place = filePlace(job)
    if (!place) throw new GiveUp('The job names no file')
    await purgeObject(deps, { ...place, attempt: job.attempt })
  },
})
