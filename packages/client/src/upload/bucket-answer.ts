import { ApiProblem, retryAfterSeconds } from '../problem.ts'
import { clocksDiffer, hiddenEtag } from './failures.ts'
import type { PartAnswer } from './source.ts'
import { UploadError } from './state.ts'

/** The bucket keeps the part; or it refuses the signature, which a fresh one may mend (`late`: it says that the time is the reason). */
export type BucketAnswer =
  | { readonly kind: 'stored'; readonly etag: string }
  | { readonly kind: 'refused'; readonly code: string; readonly late: boolean }

const busy: readonly string[] = ['SlowDown', 'SlowDownWrite', 'TooManyRequests', 'RequestLimitExceeded']
const passing: readonly string[] = ['RequestTimeout', 'InternalError', 'ServiceUnavailable', 'OperationAborted']
const unsigned: readonly string[] = ['ExpiredToken', 'ExpiredPresignRequest', 'RequestExpired', 'AuthorizationQueryParametersError']

/**
 * Reads what an S3 server answered to a part (the XML of its error responses).
 * @throws ApiProblem for what passes (429 where the bucket asks for less) and, as UPLOAD_CLOSED, where the bucket has dropped the upload;
 * UploadError for what does not. Of the answer only its code is passed on.
 */
export function readBucketAnswer(answer: PartAnswer, inBrowser: boolean): BucketAnswer {
  const { status, body } = answer
  if (status >= 200 && status < 300) {
    if (answer.etag === null || answer.etag === '') throw hiddenEtag(inBrowser)
    return { kind: 'stored', etag: answer.etag }
  }
  const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body)?.[1] ?? `status ${status}`
  if (code === 'RequestTimeTooSkewed') throw clocksDiffer()
  if (status === 401 || status === 403 || unsigned.includes(code)) {
    return { kind: 'refused', code, late: /expired|not yet valid|RequestNotReadyYet/i.test(body) }
  }
  const saying = (as: number, detail: string) => new ApiProblem(as, { title: detail, detail }, retryAfterSeconds(answer.retryAfter))
  if (status === 429 || busy.includes(code)) throw saying(429, `The storage asks for fewer requests (${code})`)
  if (status === 408 || (status >= 500 && status !== 507) || passing.includes(code))
    throw saying(503, `The storage does not take parts at the moment (${code})`)
  if (code === 'NoSuchUpload') throw new ApiProblem(409, { code: 'UPLOAD_CLOSED', detail: 'The storage no longer has this upload' })
  throw new UploadError('refused', `The storage refused a part (${code})`, { retryable: status === 507 })
}
