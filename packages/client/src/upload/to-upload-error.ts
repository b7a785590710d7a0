import { ApiProblem, NetworkProblem } from '../problem.ts'
import { UploadError } from './state.ts'

/** Says what a failure means for the upload. */
export function toUploadError(error: unknown): UploadError {
  if (error instanceof UploadError) return error
  if (error instanceof NetworkProblem) return new UploadError('unreachable', error.message, { retryable: true, cause: error })
  if (error instanceof ApiProblem && error.status === 401) {
    return new UploadError('signed-out', 'You are no longer signed in; sign in and go on from where it stopped', {
      problem: error,
      retryable: true,
    })
  }
  if (error instanceof ApiProblem) {
    return new UploadError('refused', error.detail, { problem: error, retryable: error.status >= 500 || error.status === 429 })
  }
  return new UploadError('refused', error instanceof Error ? error.message : 'The upload failed', { cause: error })
}
