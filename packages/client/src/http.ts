import { NetworkProblem, toApiProblem } from './problem.ts'
import { randomId } from './random-id.ts'

export type FetchFunction = (input: string, init: RequestInit) => Promise<Response>

export type ClientOptions = {
  /** Where the server is, without `/api`: `https://evidence.example.org`, or '' for the page's own origin. */
  readonly baseUrl: string
  /** An API token (`hf_…`); without it the browser's session cookie is used. */
  readonly token?: string | undefined
  readonly fetch?: FetchFunction | undefined
  /** How long one attempt of a call may take, in milliseconds; 30 000 when not given. */
  readonly timeoutMs?: number | undefined
  /** How often a call that is safe to repeat is tried again after a network failure or 502, 503, 504; 2 when not given. */
  readonly retries?: number | undefined
}

export type CallOptions = {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly retries?: number | undefined
  /** For calls that create; made for each call when not given, and the same on every attempt of it. */
  readonly idempotencyKey?: string | undefined
  /** The `version` that the change starts from; the server answers 412 when it is no longer current. */
  readonly ifVersion?: number | undefined
}

export type QueryValues = Readonly<Record<string, string | number | boolean | null | undefined>>

export type Call = {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /api/v1, or from the root where it starts with /api/. */
  readonly path: string
  readonly query?: QueryValues | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** This POST makes something: it carries an Idempotency-Key and may be repeated. */
  readonly creates?: boolean | undefined
  /** Asking twice does no more than asking once. Methods other than POST and PATCH are so by themselves. */
  readonly repeatable?: boolean | undefined
  /** The request outlives the page that sends it. For small bodies only: browsers allow 64 KiB of such requests at once. */
  readonly outlivesPage?: boolean | undefined
}

/** One connection to the API: builds requests, sends them, reads answers. Typed calls are built on it. */
export interface Http {
  url(path: string, query?: QueryValues): string
  /** Headers that say who is asking; never to be logged. */
  authorization(): Record<string, string>
  /** @throws ApiProblem, NetworkProblem, or the signal's reason. */
  json<T>(call: Call, options?: CallOptions): Promise<T>
  /** As `json`, but hands over the answer unread; 304, 206 and 2xx pass. The timeout holds until the headers are there. */
  raw(call: Call, options?: CallOptions): Promise<Response>
}

const path = (base: string, tail: string): string => `${base}${tail.startsWith('/api/') ? '' : '/api/v1'}${tail}`
/** Of another program that speaks of the same resources: `base` is theirs, whatever it is. */
export type HttpOptions = ClientOptions & { readonly path?: ((base: string, tail: string) => string) | undefined }

function withQuery(url: string, query: QueryValues | undefined): string {
  const values = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined && value !== null) values.set(name, String(value))
  const text = values.toString()
  return text === '' ? url : `${url}?${text}`
}

/** Runs `work` under a signal that fires with the caller's or after `milliseconds`; tells the two apart in what it throws. */
async function withTimeout<T>(
  milliseconds: number,
  caller: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller?.throwIfAborted()
  const clock = new AbortController()
  const timer = setTimeout(() => clock.abort(new NetworkProblem('timeout')), milliseconds)
  const signal = caller === undefined ? clock.signal : AbortSignal.any([caller, clock.signal])
  try {
    return await work(signal)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw error instanceof TypeError ? new NetworkProblem('failed', error) : error
  } finally {
    clearTimeout(timer)
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

const isPassing = (error: unknown): boolean =>
  error instanceof NetworkProblem || (error instanceof Error && 'status' in error && [502, 503, 504].includes(Number(error.status)))

async function readFailure(response: Response): Promise<never> {
  throw toApiProblem(response.status, await response.text(), response.headers.get('retry-after'))
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw toApiProblem(response.status, '', null)
  }
}

export function createHttp(options: HttpOptions): Http {
  const base = options.baseUrl.replace(/\/+$/, '')
  const doFetch: FetchFunction = options.fetch ?? ((input, init) => fetch(input, init))
  const authorization = (): Record<string, string> => (options.token === undefined ? {} : { authorization: `Bearer ${options.token}` })
  const url = (tail: string, query?: QueryValues) => withQuery((options.path ?? path)(base, tail), query)

  function request(call: Call, callOptions: CallOptions): RequestInit {
    const headers: Record<string, string> = { accept: 'application/json, application/problem+json', ...authorization(), ...call.headers }
    if (call.body !== undefined) headers['content-type'] = 'application/json'
    if (call.creates) headers['idempotency-key'] = callOptions.idempotencyKey ?? randomId()
    if (callOptions.ifVersion !== undefined) headers['if-match'] = `"${callOptions.ifVersion}"`
    const body = call.body === undefined ? null : JSON.stringify(call.body)
    const keepalive = call.outlivesPage === true
    return { method: call.method, headers, body, cache: 'no-store', credentials: 'same-origin', keepalive }
  }

  async function attempts<T>(call: Call, callOptions: CallOptions, read: (response: Response) => Promise<T>): Promise<T> {
    const init = request(call, callOptions)
    const timeout = callOptions.timeoutMs ?? options.timeoutMs ?? 30_000
    const repeatable = call.creates === true || call.repeatable === true || (call.method !== 'POST' && call.method !== 'PATCH')
    let left = repeatable ? (callOptions.retries ?? options.retries ?? 2) : 0
    for (let wait = 250; ; wait *= 2) {
      try {
        return await withTimeout(timeout, callOptions.signal, async (signal) =>
          read(await doFetch(url(call.path, call.query), { ...init, signal })),
        )
      } catch (error) {
        if (left === 0 || callOptions.signal?.aborted || !isPassing(error)) throw error
        left -= 1
        await pause(wait * (0.5 + Math.random()), callOptions.signal)
      }
    }
  }

  return {
    url,
    authorization,
    json: <T>(call: Call, callOptions: CallOptions = {}) =>
      attempts(call, callOptions, async (response) => (response.ok ? ((await readJson(response)) as T) : readFailure(response))),
    raw: (call, callOptions = {}) =>
      attempts(call, callOptions, async (response) => (response.ok || response.status === 304 ? response : readFailure(response))),
  }
}
