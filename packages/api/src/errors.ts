/**
 * THE error table: every problem the API can answer with, in one place (RFC 9457 problem details).
 * `code` is what programs branch on; `title` is the short human name; `remedy` says how to recover
 * and is appended to `detail` where the thrower gives none of its own.
 */
export const problems = {
  BAD_REQUEST: { status: 400, title: 'The request cannot be understood', remedy: 'Check the request against /api/v1/openapi.json.' },
  VALIDATION_ERROR: { status: 400, title: 'Some fields are not valid', remedy: 'Correct the fields listed in errors and send it again.' },
  INVALID_FILE_NAME: { status: 400, title: 'The file name cannot be stored', remedy: 'Rename the file and try again.' },
  FILE_TOO_LARGE: { status: 400, title: 'The file is too large', remedy: 'Use a smaller file, or a tier that takes it.' },
  TYPE_NOT_ALLOWED: {
    status: 400,
    title: 'The content type is not allowed in this object class',
    remedy: 'Send a file of one of the types in allowedTypes, or use the object class that takes it.',
  },
  CONTENT_TYPE_MISMATCH: {
    status: 400,
    title: 'The content type differs from what the URL was signed for',
    remedy: 'Send the headers of uploadHeaders as they are, or initiate again with the right type.',
  },
  UPLOAD_URL_EXPIRED: { status: 400, title: 'The upload URL has expired', remedy: 'Initiate the upload again.' },
  DOWNLOAD_URL_EXPIRED: { status: 400, title: 'The download URL has expired', remedy: 'Ask for a new one.' },
  CHECKSUM_MISMATCH: {
    status: 400,
    title: 'The stored bytes do not match their checksum',
    remedy: 'Upload again; the corrupted object is gone.',
  },
  SIZE_MISMATCH: {
    status: 400,
    title: 'The number of bytes differs from what was declared',
    remedy: 'Start the upload again with the right size.',
  },
  DIGEST_MISMATCH: {
    status: 400,
    title: 'The bytes do not match their digest',
    remedy: 'Send the same bytes again; nothing of this attempt was kept.',
  },
  PART_OUT_OF_RANGE: { status: 400, title: 'There is no such part in this upload', remedy: 'Send parts numbered from 1 to partCount.' },
  BODY_TOO_LARGE: {
    status: 413,
    title: 'The request body is too large',
    remedy: 'Send file bytes as upload parts; other bodies are small.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The content type is not accepted here',
    remedy: 'Send application/json, or application/octet-stream for upload parts.',
  },
  PARTS_MISSING: {
    status: 409,
    title: 'Some parts have not been received',
    remedy: 'Send the parts that are not in receivedParts, then complete again.',
  },
  OBJECT_NOT_RECEIVED: {
    status: 409,
    title: 'The bytes have not been received',
    remedy: 'PUT them to uploadUrl with uploadHeaders, then complete again.',
  },
  UNAUTHORIZED: { status: 401, title: 'You are not signed in', remedy: 'Sign in, or send an API token as Authorization: Bearer.' },
  URL_NOT_VALID: { status: 403, title: 'The signed URL is not valid', remedy: 'Ask for a new one.' },
  FORBIDDEN: { status: 403, title: 'Your role does not allow this', remedy: 'Ask an administrator for a role that does.' },
  LEGAL_HOLD: { status: 403, title: 'A legal hold blocks this', remedy: 'Release the hold first.' },
  NOT_FOUND: { status: 404, title: 'There is no such thing here', remedy: 'Check the id.' },
  CONFLICT: { status: 409, title: 'It conflicts with the current state', remedy: 'Reload and try again.' },
  PRECONDITION_FAILED: { status: 412, title: 'It was changed meanwhile', remedy: 'Reload and try again.' },
  UPLOAD_CLOSED: { status: 409, title: 'This upload is no longer open', remedy: 'Start a new upload.' },
  OBJECT_REJECTED: { status: 409, title: 'The object was rejected', remedy: 'Correct what validation names, and upload it again.' },
  FILE_NOT_READY: { status: 409, title: 'The file is not ready for download', remedy: 'Wait until it is verified.' },
  FILE_DAMAGED: {
    status: 409,
    title: 'The stored bytes do not match what was sealed',
    remedy: 'Restore the object from a backup; the file was flagged.',
  },
  OBJECT_MISSING: {
    status: 410,
    title: 'The file is not on its storage any more',
    remedy: 'Put the object back on its storage, or restore it from a backup.',
  },
  TARGET_REMOVED: {
    status: 410,
    title: 'The storage target of this file was removed',
    remedy: 'Make the same target again to get the file back, or delete the row.',
  },
  RANGE_NOT_SATISFIABLE: { status: 416, title: 'The range lies outside the file', remedy: 'Ask for a range within the size of the file.' },
  RATE_LIMIT_EXCEEDED: { status: 429, title: 'Too many requests', remedy: 'Wait for the seconds in Retry-After.' },
  TOO_MANY_UPLOADS: {
    status: 429,
    title: 'Too many uploads at once',
    remedy: 'Wait for the seconds in Retry-After; clients do so by themselves.',
  },
  INTERNAL_ERROR: {
    status: 500,
    title: 'Something went wrong on the server',
    remedy: 'Try again; give the request id to your administrator if it stays.',
  },
  TARGET_UNAVAILABLE: {
    status: 503,
    title: 'The storage target does not answer',
    remedy: 'Try again; an administrator can run Test connection.',
  },
  QUOTA_FULL: { status: 507, title: 'The storage target is full', remedy: 'Free space, raise the quota, or bind another target.' },
  DISK_FULL: { status: 507, title: 'The disk of the storage target is full', remedy: 'Free space on the disk and try again.' },
} as const satisfies Record<string, { status: number; title: string; remedy: string }>

export type ProblemCode = keyof typeof problems

export type FieldError = { field: string; message: string }

/**
 * An error that a caller may see. Its message becomes `detail`; it never holds a secret, a key,
 * a signed URL or a path of the server. `extra` members go into the problem document as they are.
 */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly errors: FieldError[] | undefined
  readonly extra: Record<string, unknown>
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ProblemCode,
    detail?: string,
    options: { errors?: FieldError[]; extra?: Record<string, unknown>; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail ?? problems[code].remedy, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.status = problems[code].status
    this.errors = options.errors
    this.extra = options.extra ?? {}
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** The problem document of RFC 9457 §3 as it goes over the wire (`application/problem+json`). */
export type ProblemDocument = {
  type: string
  title: string
  status: number
  detail: string
  code: ProblemCode
  requestId: string
  errors?: FieldError[]
  [member: string]: unknown
}

/** Renders `problem` for the wire. `type` is a stable relative reference into the served documentation. */
export function toProblemDocument(problem: Problem, requestId: string): ProblemDocument {
  return {
    ...problem.extra,
    type: `/api/docs/problems#${problem.code}`,
    title: problems[problem.code].title,
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    requestId,
    ...(problem.errors ? { errors: problem.errors } : {}),
  }
}
