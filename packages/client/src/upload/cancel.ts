import type { File as StoredFile } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { untilProven } from './finish.ts'
import type { RunContext } from './run.ts'
import { sleep } from './sleep.ts'
import type { UploadState } from './state.ts'
import { toUploadError } from './to-upload-error.ts'

const ATTEMPTS = 5

/** Tells the server to drop the upload, and finds out what holds where a complete may have come first. Never rejects. */
export async function settleCancel(context: RunContext): Promise<UploadState> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      if (context.uploadId === null && context.unanswered !== null) await context.unanswered()
      if (context.uploadId === null) return { phase: 'cancelled', serverCleanedUp: true }
      const outcome = await abortOnce(context, context.uploadId)
      if (outcome === 'dropped') return { phase: 'cancelled', serverCleanedUp: true }
      if (outcome !== 'undecided') return await storedAfterAll(context, outcome)
    } catch (error) {
      if (error instanceof ApiProblem && error.status < 500 && error.status !== 429) break
    }
    if (context.signal.aborted) break
    await sleep(context.tuning.firstRetryMs * 2 ** attempt, context.signal).catch(() => {})
  }
  return { phase: 'cancelled', serverCleanedUp: false }
}

async function abortOnce({ client, signal, tuning }: RunContext, uploadId: string): Promise<'dropped' | 'undecided' | StoredFile> {
  const options = { signal, retries: 0, timeoutMs: Math.min(5000, tuning.callMs) }
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
  return now.status === 'completed' ? client.files.get(now.fileId, options) : 'undecided'
}

async function storedAfterAll(context: RunContext, file: StoredFile): Promise<UploadState> {
  try {
    if (context.request.untilReady === false) return { phase: 'verifying', file, tooLateToCancel: true }
    return await untilProven(context, file, true)
  } catch (error) {
    return { phase: 'error', error: toUploadError(context.signal.aborted ? context.signal.reason : error) }
  }
}
