import { NetworkProblem } from '../problem.ts'
import type { PartAnswer, PartPut } from './source.ts'

/** Sends a Blob slice by fetch, where there is no XMLHttpRequest. Progress is told when the part is through. */
export async function putByFetch(part: PartPut, body: Blob): Promise<PartAnswer> {
  const stall = new AbortController()
  const timer = setTimeout(() => stall.abort(new NetworkProblem('timeout')), part.stallMs)
  const signal = AbortSignal.any([part.signal, stall.signal])
  try {
    const response = await fetch(part.url, { method: 'PUT', body, headers: part.headers, signal, credentials: 'same-origin' })
    const text = await response.text()
    part.onProgress(part.length)
    const header = (name: string) => response.headers.get(name)
    return { status: response.status, body: text, retryAfter: header('retry-after'), etag: header('etag') }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw new NetworkProblem('failed', error)
  } finally {
    clearTimeout(timer)
  }
}
