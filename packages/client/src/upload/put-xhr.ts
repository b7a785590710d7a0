import { NetworkProblem } from '../problem.ts'
import type { PartAnswer, PartPut } from './source.ts'

/** Sends a Blob slice by XMLHttpRequest, the only browser interface that tells how much has gone out. */
export function putByXhr(part: PartPut, body: Blob): Promise<PartAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    let stall: ReturnType<typeof setTimeout> | undefined
    const settle = (finish: () => void) => {
      clearTimeout(stall)
      part.signal.removeEventListener('abort', onAbort)
      finish()
    }
    const breakOff = (reason: unknown) =>
      settle(() => {
        request.abort()
        reject(reason)
      })
    const onAbort = () => breakOff(part.signal.reason)
    const alive = () => {
      clearTimeout(stall)
      stall = setTimeout(() => breakOff(new NetworkProblem('timeout')), part.stallMs)
    }
    request.upload.onprogress = (event) => {
      alive()
      part.onProgress(Math.min(event.loaded, part.length))
    }
    request.onload = () => settle(() => resolve(answerOf(request)))
    request.onerror = () => settle(() => reject(new NetworkProblem('failed')))
    request.open('PUT', part.url)
    for (const [name, value] of Object.entries(part.headers)) request.setRequestHeader(name, value)
    part.signal.addEventListener('abort', onAbort, { once: true })
    alive()
    if (part.signal.aborted) onAbort()
    else request.send(body)
  })
}

const answerOf = (request: XMLHttpRequest): PartAnswer => {
  // All at once: asking for a header that the page may not see is an error on the console of some browsers.
  const headers = request.getAllResponseHeaders()
  const header = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(headers)?.[1]?.trim() ?? null
  return { status: request.status, body: request.responseText, retryAfter: header('retry-after'), etag: header('etag') }
}
