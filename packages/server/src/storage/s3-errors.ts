import { StorageError, type StorageFault } from './target.ts'

/** What an error of the SDK, of HTTP or of the socket below it says about itself. */
type Told = { name?: string; code?: string; Code?: string; message?: string; Region?: string; $metadata?: { httpStatusCode?: number } }

type Meaning = { readonly fault: StorageFault; readonly reason: string; readonly remedy?: string }

const permission = 'Grant the access key the actions of the IAM policy that the form shows.'
const clock = 'Set the clock of this server by NTP; S3 refuses requests whose time is off by more than 15 minutes.'
const network = 'Check the endpoint, its port, and the network and firewalls between it and this server.'
const throttled: Meaning = { fault: 'unavailable', reason: 'the backend asks for fewer requests' }
const brokenOff: Meaning = { fault: 'unavailable', reason: 'the request did not arrive whole' }
const changed: Meaning = { fault: 'unavailable', reason: 'the bytes were changed on their way' }
const conflict: Meaning = { fault: 'unavailable', reason: 'another request for the same is under way' }
const unknownRequest = 'Check that the endpoint is one of S3, and its version: it does not know what is asked of it.'
const certificate =
  'Install a certificate that this server trusts and that names the endpoint, or switch the certificate check off for a test system.'

const meanings: Record<string, Meaning> = {
  NoSuchKey: { fault: 'not-found', reason: 'there is no such object' },
  NotFound: { fault: 'not-found', reason: 'there is no such object' },
  NoSuchUpload: { fault: 'not-found', reason: 'there is no such write: it was committed, aborted or never begun' },
  NoSuchBucket: { fault: 'unavailable', reason: 'the bucket does not exist', remedy: 'Make the bucket, or correct its name and region.' },
  InvalidBucketName: { fault: 'denied', reason: 'the bucket name is not valid', remedy: 'Correct the bucket name.' },
  PreconditionFailed: { fault: 'exists', reason: 'the key is taken' },
  InvalidRange: { fault: 'out-of-range', reason: 'the range lies outside of the object' },
  InvalidPart: { fault: 'bad-part', reason: 'a part is not the one that was uploaded last' },
  InvalidPartOrder: { fault: 'bad-part', reason: 'the parts are out of order' },
  EntityTooSmall: { fault: 'bad-part', reason: 'a part is smaller than the backend allows' },
  EntityTooLarge: { fault: 'bad-part', reason: 'it is larger than the backend allows' },
  KeyTooLongError: { fault: 'bad-key', reason: 'the key is too long for the backend' },
  KeyTooLong: { fault: 'bad-key', reason: 'the key is too long for the backend' },
  XMinioInvalidObjectName: { fault: 'bad-key', reason: 'the backend cannot hold the name' },
  XMinioInvalidResourceName: { fault: 'bad-key', reason: 'the backend cannot hold the name' },
  XMinioParentIsObject: { fault: 'bad-key', reason: 'a part of the key is an object already' },
  ObjectParentIsFile: { fault: 'bad-key', reason: 'a part of the key is an object already' },
  ExistingObjectIsDirectory: { fault: 'bad-key', reason: 'the key is a folder of other objects' },
  DirectoryObjectContainsData: { fault: 'bad-key', reason: 'the key is a folder of other objects' },
  AccessDenied: { fault: 'denied', reason: 'the access key lacks the permission', remedy: permission },
  Forbidden: { fault: 'denied', reason: 'the access key lacks the permission', remedy: permission },
  AllAccessDisabled: { fault: 'denied', reason: 'all access to the bucket is switched off', remedy: permission },
  InvalidAccessKeyId: { fault: 'denied', reason: 'the access key is not known', remedy: 'Correct the access key, or make a new one.' },
  SignatureDoesNotMatch: { fault: 'denied', reason: 'the secret key is wrong', remedy: 'Enter the secret key again.' },
  ExpiredToken: { fault: 'denied', reason: 'the credentials have expired', remedy: 'Enter fresh credentials.' },
  CredentialsProviderError: {
    fault: 'denied',
    reason: 'this server has no IAM role and no credentials of its own',
    remedy: 'Enter access key and secret, or give this server an IAM role.',
  },
  // The client has learned the time of the backend from this answer, so the next request may pass.
  RequestTimeTooSkewed: { fault: 'unavailable', reason: 'the clocks of this server and of the backend differ too much', remedy: clock },
  RequestExpired: { fault: 'denied', reason: 'the clocks of this server and of the backend differ too much', remedy: clock },
  QuotaExceeded: { fault: 'full', reason: 'the quota of the bucket is used up' },
  XMinioAdminBucketQuotaExceeded: { fault: 'full', reason: 'the quota of the bucket is used up' },
  XMinioStorageFull: { fault: 'full', reason: 'the backend is full' },
  InsufficientCapacity: { fault: 'full', reason: 'the backend is full' },
  SlowDown: throttled,
  TooManyRequests: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  RequestLimitExceeded: throttled,
  BandwidthLimitExceeded: throttled,
  RequestTimeout: brokenOff,
  IncompleteBody: brokenOff,
  BadDigest: changed,
  XAmzContentSHA256Mismatch: changed,
  XAmzContentChecksumMismatch: changed,
  OperationAborted: conflict,
  ConditionalRequestConflict: conflict,
  ENOTFOUND: {
    fault: 'unavailable',
    reason: 'the name of the endpoint cannot be looked up',
    remedy: 'Correct the endpoint, or the name servers of this server.',
  },
  EAI_AGAIN: {
    fault: 'unavailable',
    reason: 'the name of the endpoint cannot be looked up',
    remedy: 'Check the name servers of this server.',
  },
  ECONNREFUSED: { fault: 'unavailable', reason: 'nothing listens at the endpoint', remedy: network },
  EHOSTUNREACH: { fault: 'unavailable', reason: 'the endpoint cannot be reached', remedy: network },
  ENETUNREACH: { fault: 'unavailable', reason: 'the endpoint cannot be reached', remedy: network },
  TimeoutError: { fault: 'unavailable', reason: 'the backend did not answer in time', remedy: network },
  EPROTO: {
    fault: 'denied',
    reason: 'the endpoint does not speak TLS',
    remedy: 'Switch TLS off for this endpoint, or give the port that speaks it.',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: { fault: 'denied', reason: 'the certificate is self-signed', remedy: certificate },
  SELF_SIGNED_CERT_IN_CHAIN: {
    fault: 'denied',
    reason: 'the certificate comes from an authority that is not trusted',
    remedy: certificate,
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    fault: 'denied',
    reason: 'the certificate comes from an authority that is not trusted',
    remedy: certificate,
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    fault: 'denied',
    reason: 'the certificate comes from an authority that is not trusted',
    remedy: certificate,
  },
  CERT_HAS_EXPIRED: { fault: 'denied', reason: 'the certificate has expired', remedy: certificate },
  ERR_TLS_CERT_ALTNAME_INVALID: { fault: 'denied', reason: 'the certificate is for another name', remedy: certificate },
}

const byStatus: Record<number, Meaning> = {
  401: { fault: 'denied', reason: 'the backend refuses the credentials', remedy: permission },
  403: { fault: 'denied', reason: 'the access key lacks the permission', remedy: permission },
  404: { fault: 'not-found', reason: 'there is no such object' },
  408: brokenOff,
  409: conflict,
  412: { fault: 'exists', reason: 'the key is taken' },
  414: { fault: 'bad-key', reason: 'the key is too long for the backend' },
  416: { fault: 'out-of-range', reason: 'the range lies outside of the object' },
  429: throttled,
  507: { fault: 'full', reason: 'the backend is full' },
}

const wrongRegion = (region: string | undefined): Meaning => ({
  fault: 'denied',
  reason: region ? `the bucket is in the region ${region}` : 'the bucket is in another region',
  remedy: 'Correct the region.',
})

/** The names under which an error may be known, the most telling first: some servers and sockets hide it one level below. */
function namesOf(error: Told): string[] {
  const inner = ((error as { cause?: Told }).cause ?? {}) as Told
  return [error.Code, error.name, error.code, inner.code, inner.name].filter(
    (name): name is string => typeof name === 'string' && name !== 'Error',
  )
}

/** Whether a TLS connection failed because of the certificate, not because nobody spoke TLS. */
export const isCertificateError = (error: unknown): boolean => meanings[s3CodeOf(error)]?.remedy === certificate

/** The code by which the backend or the socket names what went wrong, for callers that look for one in particular. */
export const s3CodeOf = (error: unknown): string => {
  const names = namesOf((error ?? {}) as Told)
  return names.find((name) => Object.hasOwn(meanings, name)) ?? names[0] ?? ''
}

function meaningOf(error: Told): Meaning {
  const code = s3CodeOf(error)
  const status = error.$metadata?.httpStatusCode ?? 0
  if (
    ['PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'].includes(code) ||
    status === 301
  ) {
    return wrongRegion(error.Region)
  }
  if (/^KMS\.|^Kms/.test(code))
    return { fault: 'denied', reason: 'the KMS key refuses', remedy: 'Check the KMS key id, and that the access key may use it.' }
  const known = meanings[code] ?? byStatus[status]
  if (known) return known
  if (isPermanent(status)) return { fault: 'denied', reason: `the backend refuses the request with ${status}`, remedy: unknownRequest }
  return { fault: 'unavailable', reason: status ? `the backend failed with ${status}` : 'the connection failed' }
}

/** The same request again gets the same answer: what is known to pass by itself has a meaning of its own. */
const isPermanent = (status: number): boolean => (status >= 400 && status < 500) || status === 501

/** Whether the backend refused the request for what it asks, not for who asks. */
export function isRefusedRequest(error: unknown): boolean {
  if (!(error instanceof StorageError) || error.fault !== 'denied') return false
  const status = (error.cause as Told | undefined)?.$metadata?.httpStatusCode ?? 0
  return isPermanent(status) && status !== 401 && status !== 403
}

/**
 * An error of the SDK as a `StorageError`. The message is made of our own words and the code that the backend gave: its own text may
 * repeat what was sent. `action` is the S3 action that was asked for, which is what an IAM policy has to allow.
 */
export function toS3StorageError(error: unknown, action: string): unknown {
  if (error instanceof StorageError) return error
  const inner = (error as { cause?: unknown } | null)?.cause
  if (inner instanceof StorageError) return inner
  if (!(error instanceof Error)) return error
  const { fault, reason, remedy } = meaningOf(error as Told)
  const code = s3CodeOf(error)
    .replace(/[^A-Za-z0-9_.]/g, '')
    .slice(0, 60)
  const hint = fault === 'denied' && remedy === permission ? `Allow ${action} in the policy of the access key. ${permission}` : remedy
  return new StorageError(fault, `${action}: ${reason}${code ? ` (${code})` : ''}`, { cause: error, ...(hint ? { remedy: hint } : {}) })
}
