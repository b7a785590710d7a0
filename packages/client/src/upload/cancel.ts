import type { File as StoredFile } from '@holdfast/api'
import type { CallOptions } from '../http.ts'
import { ApiProblem } from '../problem.ts'
import { untilProven } from './finish.ts'
import type { RunCore } from './lifetime.ts'
import type { RunContext } from './run.ts'
import { sleep } from './sleep.ts'
import type { UploadState } from './state.ts'
import { toUploadError } from './to-upload-error.ts'

const ATTEMPTS = 5

/** What came of asking the server to drop an upload; a file where it is stored all the same. */
export type Dropped<F> = 'dropped' | 'undecided' | F

export type CancelSteps<F> = {
  /** Whether the server has an upload of this run; asks once more where it was asked for one without an answer. */
  readonly begun: () => Promise<boolean>
  readonly drop: () => Promise<Dropped<F>>
  /** Goes on to the end with a file that is stored all the same. */
  readonly goOn: (file: F) => Promise<UploadState<F>>
}

/** Tells the server to drop the upload, and finds out what holds where a complete may have come first. Never rejects. */
export async function dropUpload<F extends object>(core: RunCore<F>, steps: CancelSteps<F>): Promise<UploadState<F>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      if (!(await steps.begun())) return { phase: 'cancelled', serverCleanedUp: true }
      const outcome = await steps.drop()
      if (outcome === 'dropped') return { phase: 'cancelled', serverCleanedUp: true }
      if (outcome !== 'undecided') return await storedAfterAll(core, steps.goOn(outcome))
    } catch (error) {
      if (error instanceof ApiProblem && error.status < 500 && error.status !== 429) break
    }
    if (core.signal.aborted) break
    await sleep(core.tuning.firstRetryMs * 2 ** attempt, core.signal).catch(() => {})
  }
  return { phase: 'cancelled', serverCleanedUp: false }
}

async function storedAfterAll<F>(core: RunCore<F>, ending: Promise<UploadState<F>>): Promise<UploadState<F>> {
  try {
    return await ending
  } catch (error) {
    return { phase: 'error', error: toUploadError(core.signal.aborted ? core.signal.reason : error) }
  }
}

export const settleCancel = (context: RunContext): Promise<UploadState> =>
  dropUpload<StoredFile>(context, {
    async begun() {
      if (context.uploadId === null && context.unanswered !== null) await context.unanswered()
      return context.uploadId !== null
    },
    drop: () => abortOnce(context, context.uploadId!),
    async goOn(file) {
      if (context.request.untilReady === false) return { phase: 'verifying', file, tooLateToCancel: true }
      return untilProven(context, file, true)
    },
  })

/** Of a cancel: shorter than other calls, since somebody waits. */
export const cancelCall = ({ signal, tuning }: Pick<RunCore<never>, 'signal' | 'tuning'>): CallOptions => ({
  ...{ signal, retries: 0, timeoutMs: Math.min(5000, tuning.callMs) },
})

async function abortOnce(context: RunContext, uploadId: string): Promise<Dropped<StoredFile>> {
  const { client } = context
  const options = cancelCall(context)
  const refused = await client.uploads.abort(uploadId, options).then(
    () => null,
    (error: unknown) => error,
  )
  if (refused !== null && !(refused instanceof ApiProblem && (refused.status === 404 || refused.status === 409))) throw refused
  const now = await client.uploads.get(uploadId, options).catch((error: unknown) => {
    if (error instanceof ApiProblem && error.status === 404) return null
    throw error
  })
  if (now === null || now.status === 'aborted') return 'dropped'
  if (now.status === 'completing') await untilAnswered(context, now.id)
  return now.status === 'completed' ? client.files.get(now.fileId, options) : 'undecided'
}

/** Waits for the completion that came first for as long as the server lets one wait; what became of it is asked for next. */
const untilAnswered = ({ client, signal, tuning }: RunContext, uploadId: string): Promise<unknown> =>
  client.uploads.complete(uploadId, {}, { signal, retries: 0, timeoutMs: tuning.completeMs }).catch(() => null)
