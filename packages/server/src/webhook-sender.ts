import { type ClientRequest, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { SendOutcome, WebhookSender } from './services/webhooks/deliver.ts'
import { checkLiteralHost, type EndpointPolicy, guardedLookup } from './storage/endpoint-guard.ts'
import { StorageError } from './storage/target.ts'

/** Time for one attempt, from the look-up of the name to the status of the answer. */
const ATTEMPT_MILLISECONDS = 15_000
const MAX_HEADER_BYTES = 16 * 1024

const REFUSED =
  'is an address of this server or of its cloud’s metadata service, where no webhook may go; an operator can allow it with HOLDFAST_ALLOW_LOCAL_WEBHOOKS=1'

const isRefusal = (error: unknown): boolean => error instanceof StorageError && error.fault === 'denied'

function refuse(text: string, policy: EndpointPolicy): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'must be an http or https URL'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (url.hash !== '') return 'must not hold a fragment'
  try {
    checkLiteralHost(url.hostname, policy)
    return null
  } catch (error) {
    if (isRefusal(error)) return REFUSED
    throw error
  }
}

/** What an administrator reads of a failure: no address that a name led to, and nothing that the other side said but its status. */
function describe(error: unknown): string {
  if (isRefusal(error)) return `The URL ${REFUSED}`
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (error instanceof Error && (error.name === 'TimeoutError' || code === 'ETIMEDOUT')) return 'No answer in time'
  return code === undefined ? 'The connection failed' : `The connection failed (${code})`
}

const outcomeOf = (status: number): SendOutcome => {
  if (status >= 200 && status < 300) return { status, error: null }
  const redirect = status >= 300 && status < 400
  return { status, error: redirect ? `It answered ${status}; redirects are not followed` : `It answered ${status}` }
}

type Sending = { readonly url: string; readonly headers: Record<string, string>; readonly body: string }

/** One connection an attempt: what an earlier one was allowed to reach says nothing of this one. */
function open(sending: Sending, policy: EndpointPolicy, signal: AbortSignal): ClientRequest {
  const url = new URL(sending.url)
  const make = url.protocol === 'https:' ? tlsRequest : plainRequest
  const headers = { ...sending.headers, 'content-length': Buffer.byteLength(sending.body), connection: 'close' }
  const lookup = guardedLookup(policy) as never
  return make(url, { method: 'POST', headers, lookup, agent: false, signal, maxHeaderSize: MAX_HEADER_BYTES })
}

/**
 * Sends messages over HTTP. The address is checked as it is connected to (no second look-up), no redirect is followed, and of an answer
 * the status alone is read: a webhook must not be a way to see what this server can reach.
 */
export function createWebhookSender(
  policy: EndpointPolicy,
  agent: string,
  limits = { attemptMilliseconds: ATTEMPT_MILLISECONDS },
): WebhookSender {
  return {
    refuse: (url) => refuse(url, policy),
    async send(sending, signal) {
      const refusal = refuse(sending.url, policy)
      if (refusal !== null) return { status: null, error: `The URL ${refusal}` }
      const either = AbortSignal.any([signal, AbortSignal.timeout(limits.attemptMilliseconds)])
      try {
        return await new Promise<SendOutcome>((resolve, reject) => {
          const headers = { ...sending.headers, 'user-agent': agent }
          const request = open({ ...sending, headers }, policy, either)
          request.once('response', (response) => {
            resolve(outcomeOf(response.statusCode ?? 0))
            response.on('error', () => {})
            response.destroy()
          })
          request.on('error', reject)
          request.end(sending.body)
        })
      } catch (error) {
        signal.throwIfAborted()
        return { status: null, error: describe(either.aborted ? either.reason : error) }
      }
    },
  }
}
