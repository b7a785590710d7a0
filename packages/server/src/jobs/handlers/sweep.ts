import type { IngestDeps } from '../../services/ingest/deps.ts'
import { SWEEP_TARGETS, SWEEP_UPLOADS } from '../../services/ingest/job-kinds.ts'
import type { ObjectDeps } from '../../services/objects/deps.ts'
import { sweepObjects } from '../../services/objects/sweep.ts'
import { sweepTargets, sweepUploads } from '../../services/sweep.ts'
import type { JobHandler, JobLogger } from '../job-handler.ts'
import type { Schedule } from '../schedule.ts'

type SweepDeps = { readonly ingest: IngestDeps; readonly logger: JobLogger }
type SweepUploadsDeps = SweepDeps & { readonly objects: ObjectDeps }

const onError = (logger: JobLogger) => (error: unknown, what: object) =>
  logger.warn({ err: error, ...what }, 'The sweep could not settle this; it comes back to it')

/** Ends abandoned uploads and takes up interrupted work. */
export const sweepUploadsHandler = ({ ingest, objects, logger }: SweepUploadsDeps): JobHandler => ({
  kind: SWEEP_UPLOADS,
  async handle(_job, { signal }) {
    await sweepUploads(ingest, { signal, onError: onError(logger) })
    await sweepObjects(objects, { signal, onError: onError(logger) })
  },
})

/** Removes writes at the targets that no upload knows. */
export const sweepTargetsHandler = ({ ingest, logger }: SweepDeps): JobHandler => ({
  kind: SWEEP_TARGETS,
  async handle(_job, { signal, progress }) {
    await progress({ removedWrites: await sweepTargets(ingest, { signal, onError: onError(logger) }) })
  },
})

const MINUTE = 60_000

/** The sweep by rows is cheap and shortens what a crash delays; the one by targets lists them. */
export const sweepSchedules: readonly Schedule[] = [
  { name: SWEEP_UPLOADS, kind: SWEEP_UPLOADS, everyMilliseconds: 5 * MINUTE, maxAttempts: 3 },
  { name: SWEEP_TARGETS, kind: SWEEP_TARGETS, everyMilliseconds: 60 * MINUTE, offsetMilliseconds: 7 * MINUTE, maxAttempts: 3 },
]
