import { VERIFY_FILE } from '../../services/ingest/job-kinds.ts'
import { type VerifyDeps, verifyFile } from '../../services/verify.ts'
import { GiveUp, type JobHandler } from '../job-handler.ts'
import { filePlace } from './file-place.ts'

/** Reads a file back and settles its status. */
export const verifyFileHandler = (deps: VerifyDeps): JobHandler => ({
  kind: VERIFY_FILE,
  async handle(job, { signal, progress }) {
    const place = filePlace(job)
    if (!place) throw new GiveUp('The job names no file')
    await verifyFile(deps, { ...place, fresh: job.payload.fresh === true }, { signal, progress })
  },
})
