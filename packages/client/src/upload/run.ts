import type { File as StoredFile, UploadSession } from '@holdfast/api'
import type { Client } from '../client.ts'
import { ApiProblem } from '../problem.ts'
import { settleCancel } from './cancel.ts'
import type { Connectivity } from './connectivity.ts'
import type { DigestTask } from './digest-task.ts'
import { gone } from './failures.ts'
import { completeUpload, untilProven } from './finish.ts'
import { createRunCore, Run, type RunCore } from './lifetime.ts'
import { once } from './once.ts'
import { beginDigest, matchReceived, matchStored, openSession } from './open-session.ts'
import { sendMissing } from './send.ts'
import type { UploadSource } from './source.ts'
import { UploadError, type UploadState } from './state.ts'
import type { UploadTuning } from './tuning.ts'

export type UploadRequest = {
  readonly client: Client
  readonly source: UploadSource
  readonly destination: { readonly caseId: string; readonly itemId?: string | undefined; readonly tier?: 'secure' | 'direct' | undefined }
  /** Goes on with this upload of the server's. `ifDifferent` says what to do when the bytes are not those it was begun with. */
  readonly resume?: { readonly uploadId: string; readonly ifDifferent: 'stop' | 'start-new' } | undefined
  /** What earlier transfers reached, for the choice of the part size. */
  readonly bytesPerSecond?: number | null | undefined
  /** False resolves once the server has accepted the whole file, without waiting for its proof. */
  readonly untilReady?: boolean | undefined
  readonly tuning?: Partial<UploadTuning> | undefined
  readonly connectivity?: Connectivity | undefined
  /** Called on every change, progress included; never after the final state. */
  readonly onState?: ((state: UploadState) => void) | undefined
}

/** One attempt to get one file to the server. */
export interface UploadRun {
  getState(): UploadState
  /** The server's id, once it is known. */
  uploadId(): string | null
  fileId(): string | null
  /**
   * Breaks off and has the server drop what it received; resolves when that is settled. Where the server had already accepted
   * the file, it stays stored and the run goes on to `ready` with `tooLateToCancel`. Safe to call at any time and again.
   */
  cancel(): Promise<void>
  /** Breaks off and leaves the server's parts for later. */
  abandon(): void
  /** Resolves with the final state (or `verifying` where `untilReady` is false); never rejects. */
  readonly done: Promise<UploadState>
}

/** What the steps of one run share. */
export type RunContext = RunCore<StoredFile> & {
  readonly request: UploadRequest
  readonly client: Client
  /** The upload that a cancel has to drop. */
  uploadId: string | null
  /** Asks once more for an upload that was asked for without an answer; the server gives the same one. */
  unanswered: (() => Promise<UploadSession>) | null
}

export function startUpload(request: UploadRequest): UploadRun {
  const { client } = request
  const own = { request, client, uploadId: request.resume?.uploadId ?? null, unanswered: null }
  const context: RunContext = Object.assign(createRunCore<StoredFile>(request), own)
  const run = new Run(context, {
    transfer: (controller) => transfer(context, controller),
    settleCancel: () => settleCancel(context),
  })
  const { getState, cancel, abandon, done } = run
  return { getState, cancel, abandon, done, uploadId: () => context.uploadId, fileId: () => context.progress.session?.fileId ?? null }
}

/** From the plan to the proof. An upload that turns out to be another file's, or to be stored already, is taken up once more from the start. */
async function transfer(context: RunContext, controller: AbortController): Promise<UploadState> {
  let resume = context.request.resume
  for (let left = 3; ; left -= 1) {
    const session = await openSession(context, resume?.uploadId)
    const digest = beginDigest(context, session, controller)
    try {
      return await settle(context, await transferOnce(context, session, digest))
    } catch (error) {
      if (left === 0) throw error
      resume = await nextAttempt(context, error, resume)
      context.progress.forget()
    } finally {
      digest.stop()
    }
  }
}

async function transferOnce(context: RunContext, session: UploadSession, digest: DigestTask): Promise<StoredFile> {
  if (session.status === 'completed') {
    const file = await context.persist(() => context.client.files.get(session.fileId, once(context)))
    await matchStored(context, file, digest)
    return file
  }
  await matchReceived(context, digest)
  await sendMissing(context, digest)
  return completeUpload(context, digest)
}

/** What to resume next after a failure, undefined to begin anew. @throws `error` where neither helps. */
async function nextAttempt(context: RunContext, error: unknown, resume: UploadRequest['resume']): Promise<UploadRequest['resume']> {
  if (error instanceof UploadError && error.code === 'different-file' && resume?.ifDifferent === 'start-new') return undefined
  if (!(error instanceof ApiProblem && error.code === 'UPLOAD_CLOSED')) throw error
  const uploadId = context.progress.session!.id
  const session = await context.persist(() => context.client.uploads.get(uploadId, once(context)))
  if (session.status === 'open') await dropLost(context, uploadId)
  if (session.status !== 'completed') throw gone()
  return { uploadId, ifDifferent: 'start-new' }
}

/** The bucket lost an upload that the server still has open: nothing of it can be used, and it holds room until it is dropped. */
const dropLost = ({ client, tuning }: RunContext, uploadId: string): Promise<void> =>
  client.uploads.abort(uploadId, { timeoutMs: tuning.callMs }).catch(() => {})

async function settle(context: RunContext, file: StoredFile): Promise<UploadState> {
  if (context.request.untilReady !== false) return untilProven(context, file, false)
  return { phase: 'verifying', file, tooLateToCancel: false }
}
