import type { File as StoredFile, ValidationFinding } from '@holdfast/api'
import type { ApiProblem } from '../problem.ts'

/**
 * Why an upload stopped, in a form that a person can act on.
 * different-file: the chosen file is not the one that the upload was begun with; nothing was changed.
 * file-changed: the file can't be read any more, or its bytes changed while it was being sent.
 * signed-out: the session or token is no longer valid; sign in and retry. refused: the server said no for good.
 * unreachable: no answer for too long. upload-gone: the server no longer has this upload; a retry starts a new one.
 * storage-blocked: the storage does not take what this page sends it, or does not show its answer; the message says which.
 * rejected: stored, but what is stored did not pass verification or validation (`reasons`). stopped: this side let go of it; the server keeps its parts.
 */
export type UploadErrorCode =
  | 'different-file'
  | 'file-changed'
  | 'signed-out'
  | 'refused'
  | 'unreachable'
  | 'upload-gone'
  | 'storage-blocked'
  | 'rejected'
  | 'stopped'

export type UploadErrorDetails = {
  readonly problem?: ApiProblem | null
  readonly retryable?: boolean
  readonly reasons?: readonly ValidationFinding[]
  readonly cause?: unknown
}

export class UploadError extends Error {
  readonly code: UploadErrorCode
  /** What the server said, where it said something. */
  readonly problem: ApiProblem | null
  /** Trying again with the same file can succeed; it goes on from the parts that the server has. */
  readonly retryable: boolean
  /** What validation found against the file, each in words for people; empty for other failures. */
  readonly reasons: readonly ValidationFinding[]

  constructor(code: UploadErrorCode, message: string, details: UploadErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'UploadError'
    this.code = code
    this.problem = details.problem ?? null
    this.retryable = details.retryable ?? false
    this.reasons = details.reasons ?? []
  }
}

export type WaitReason = 'offline' | 'unreachable' | 'busy'

/**
 * What one upload is doing; `F` is what becomes of the file: that of a case, or a StoredObject. Byte counts are of plaintext; `until` is milliseconds since the epoch, null when open-ended.
 * - queued: its turn has not come, or the server asked it to wait before it began (`until`).
 * - needs-file: the server has part of it from an earlier visit; choose the same file again to go on.
 * - verifying-local: comparing the chosen file with the parts that the server has.
 * - hashing: every part is there, the digest of the whole file is not finished yet.
 * - verifying: stored; the server is proving it (`tooLateToCancel`: a cancel came after the server had accepted it).
 * - cancelled: `serverCleanedUp` false means that the server could not be told and removes the parts by itself later.
 */
export type UploadState<F = StoredFile> =
  | { readonly phase: 'queued'; readonly until: number | null }
  | { readonly phase: 'needs-file'; readonly loaded: number; readonly total: number; readonly error: UploadError | null }
  | { readonly phase: 'verifying-local'; readonly loaded: number; readonly total: number }
  | {
      readonly phase: 'uploading'
      readonly loaded: number
      readonly total: number
      readonly bytesPerSecond: number | null
      readonly secondsLeft: number | null
    }
  | {
      readonly phase: 'waiting'
      readonly reason: WaitReason
      readonly until: number | null
      readonly loaded: number
      readonly total: number
    }
  | { readonly phase: 'hashing'; readonly loaded: number; readonly total: number }
  | { readonly phase: 'completing' }
  | { readonly phase: 'verifying'; readonly file: F; readonly tooLateToCancel: boolean }
  | { readonly phase: 'cancelling' }
  | { readonly phase: 'ready'; readonly file: F; readonly tooLateToCancel: boolean }
  | { readonly phase: 'error'; readonly error: UploadError }
  | { readonly phase: 'cancelled'; readonly serverCleanedUp: boolean }

export type UploadPhase = UploadState['phase']

const afterAny = ['error', 'cancelling', 'cancelled'] as const

/** Which phase may follow which within one run; ready, error and cancelled end it. Staying in a phase is always allowed. */
export const phaseMayBecome: Readonly<Record<UploadPhase, readonly UploadPhase[]>> = {
  queued: ['verifying-local', 'uploading', 'hashing', 'completing', 'waiting', 'verifying', 'ready', ...afterAny],
  'needs-file': ['queued', 'verifying-local', 'uploading', 'waiting', ...afterAny],
  'verifying-local': ['queued', 'uploading', 'hashing', 'completing', 'waiting', 'verifying', 'ready', ...afterAny],
  uploading: ['queued', 'waiting', 'verifying-local', 'hashing', 'completing', ...afterAny],
  waiting: ['queued', 'verifying-local', 'uploading', 'hashing', 'completing', 'verifying', 'ready', ...afterAny],
  hashing: ['uploading', 'completing', ...afterAny],
  completing: ['queued', 'waiting', 'verifying-local', 'uploading', 'hashing', 'verifying', 'ready', ...afterAny],
  verifying: ['waiting', 'ready', ...afterAny],
  cancelling: ['cancelled', 'verifying', 'ready', 'error'],
  ready: [],
  error: [],
  cancelled: [],
}

export const isFinal = (state: UploadState<unknown>): boolean => phaseMayBecome[state.phase].length === 0

/** 0–100 for a progress bar; null in phases that have none. */
export function percentOf(state: UploadState<unknown>): number | null {
  if (!('loaded' in state)) return state.phase === 'ready' ? 100 : null
  return state.total === 0 ? 100 : Math.min(100, Math.floor((state.loaded / state.total) * 100))
}
