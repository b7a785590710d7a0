import type { ObjectInitiated } from '@holdfast/api'
import { ApiProblem, toApiProblem } from '../problem.ts'
import { readBucketAnswer } from '../upload/bucket-answer.ts'
import { clocksDiffer, signatureRefused } from '../upload/failures.ts'
import { createSilence, inBrowser, putSigned } from '../upload/signed-put.ts'
import type { PartAnswer } from '../upload/source.ts'
import { UploadError } from '../upload/state.ts'
import type { ObjectContext } from './object-context.ts'

/** The storage refuses the URL, which another one may mend; `told` says it to people where it does not. */
export class UrlRefused extends Error {
  override readonly name = 'UrlRefused'
  readonly told: UploadError
  constructor(told: UploadError) {
    super(told.message)
    this.told = told
  }
}

/** Sends all bytes to the signed URL: of this server, or of a bucket. They are one part, which is the whole. */
export async function putObject(context: ObjectContext, begun: ObjectInitiated): Promise<void> {
  const { source, progress, tuning, signal, persist } = context
  if (!URL.canParse(begun.uploadUrl) || !/^https?:$/.test(new URL(begun.uploadUrl).protocol)) {
    throw new UploadError('refused', 'The server gave no address that the file can be sent to')
  }
  const request = { url: begun.uploadUrl, headers: begun.uploadHeaders }
  const silence = createSilence(() => false)
  progress.enter('uploading')
  await persist(async () => {
    let stored = false
    try {
      const span = { offset: 0, length: source.size }
      const onProgress = (sent: number): void => progress.partSent(1, sent)
      requireStored(await putSigned(source, request, { span, signal, stallMs: tuning.stallMs, silence, onProgress }))
      stored = true
    } finally {
      const receipt = { number: 1, size: source.size, sha256: '', storedAt: new Date().toISOString() }
      progress.partSettled(1, stored ? receipt : null)
    }
  })
}

/** A bucket that stores the first object alone has it from an attempt whose answer was lost. */
const ALREADY_STORED = 412

/** @throws UrlRefused, ApiProblem or UploadError. */
function requireStored(answer: PartAnswer): void {
  if ((answer.status >= 200 && answer.status < 300) || answer.status === ALREADY_STORED) return
  const problem = toApiProblem(answer.status, answer.body, answer.retryAfter)
  if (problem.code !== 'UNEXPECTED_ANSWER') throw problem
  if (/<Code>ConditionalRequestConflict</.test(answer.body)) throw new ApiProblem(503, { detail: 'The storage is busy with this object' })
  const read = readBucketAnswer(answer, inBrowser())
  if (read.kind === 'refused') throw new UrlRefused(read.late ? clocksDiffer() : signatureRefused(read.code))
}
