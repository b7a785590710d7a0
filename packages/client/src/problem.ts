import type { FieldError, ProblemCode, ProblemDocument } from '@holdfast/api'

/**
 * The server answered, and the answer is no. Carries the problem document of RFC 9457 as it came.
 * `code` is what programs branch on; UNEXPECTED_ANSWER marks an answer that is not of Holdfast (a proxy's error page, say).
 */
export class ApiProblem extends Error {
  readonly code: ProblemCode | 'UNEXPECTED_ANSWER'
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly errors: readonly FieldError[]
  readonly requestId: string | null
  /** From `Retry-After`, where the server gave one. */
  readonly retryAfterSeconds: number | null
  /** The whole document, with the members that only some problems have. */
  readonly document: Readonly<Record<string, unknown>>

  constructor(status: number, document: Partial<ProblemDocument>, retryAfterSeconds: number | null = null) {
    super(document.detail ?? document.title ?? `The server answered ${status}`)
    this.name = 'ApiProblem'
    this.code = document.code ?? 'UNEXPECTED_ANSWER'
    this.status = status
    this.title = document.title ?? `The server answered ${status}`
    this.detail = this.message
    this.errors = document.errors ?? []
    this.requestId = document.requestId ?? null
    this.retryAfterSeconds = retryAfterSeconds
    this.document = document
  }
}

/** No answer came: the connection failed, broke off, stalled or timed out. Whether the other side acted on the request is unknown. */
export class NetworkProblem extends Error {
  readonly reason: 'failed' | 'timeout'
  constructor(reason: 'failed' | 'timeout', cause?: unknown, who: 'server' | 'storage' = 'server') {
    super(reason === 'timeout' ? `The ${who} did not answer in time` : `The ${who} cannot be reached`, { cause })
    this.name = 'NetworkProblem'
    this.reason = reason
  }
}

/** Seconds of a `Retry-After` header in either form of RFC 9110 §10.2.3; null where there is none that can be read. */
export function retryAfterSeconds(header: string | null | undefined, now: number = Date.now()): number | null {
  if (header === null || header === undefined || header.trim() === '') return null
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text)
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000))
}

/** Reads an answer outside 2xx. Anything that is not a JSON object becomes UNEXPECTED_ANSWER; the body is never shown to people. */
export function toApiProblem(status: number, body: string, retryAfter: string | null | undefined): ApiProblem {
  const seconds = retryAfterSeconds(retryAfter)
  try {
    const document: unknown = JSON.parse(body)
    if (typeof document === 'object' && document !== null && !Array.isArray(document)) return new ApiProblem(status, document, seconds)
  } catch {
    // Not JSON: a proxy or gateway answered.
  }
  return new ApiProblem(status, {}, seconds)
}
