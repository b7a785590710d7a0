import type { File as StoredFile, UploadSession } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { sleep, untilProven } from './finish.ts'
import type { RunContext } from './run.ts'
import type { UploadState } from './state.ts'
import { toUploadError } from './to-upload-error.ts'

const ATTEMPTS = 5
const ATTEMPT_MS = 5000

/** Tells the server to drop the upload, and finds out what holds where a complete may have come first. Never rejects. */
export async function settleCancel(context: RunContext): Promise<UploadState> {
  const session = context.progress.session()
  if (session === null) return { phase: 'cancelled', serverCleanedUp: true }
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      const outcome = await abortOnce(context, session)
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

async function abortOnce({ client, signal }: RunContext, session: UploadSession): Promise<'dropped' | 'undecided' | StoredFile> {
  const options = { signal, retries: 0, timeoutMs: ATTEMPT_MS }
  const refused = await client.uploads.abort(session.id, options).then(
    () => null,
    (error: unknown) => error,
  )
  if (refused !== null && !(refused instanceof ApiProblem && (refused.status === 404 || refused.status === 409))) throw refused
  const now = await client.uploads.get(session.id, options).catch((error: unknown) => {
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
