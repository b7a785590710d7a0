import { EXPIRE_FILES, type ExpiryDeps, expireFiles } from '../../services/expiry.ts'
import type { JobHandler } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'

export const expireFilesHandler = (deps: ExpiryDeps): JobHandler => ({
  kind: EXPIRE_FILES,
  async handle(_job, { signal, progress }) {
    await expireFiles(deps, { signal, progress })
  },
})

export const expireFilesSchedule: Schedule = { name: EXPIRE_FILES, kind: EXPIRE_FILES, everyMilliseconds: 3_600_000, maxAttempts: 3 }
