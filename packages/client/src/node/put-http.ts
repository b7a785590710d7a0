import type { FileHandle } from 'node:fs/promises'
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { NetworkProblem } from '../problem.ts'
import type { PartAnswer, PartPut } from '../upload/source.ts'
import { UploadError } from '../upload/state.ts'

const READ_BYTES = 256 * 1024
/** An answer to a part is a receipt or a problem; more than this is not from Holdfast. */
const LONGEST_ANSWER = 1024 * 1024

/** Sends parts straight from the file, over connections that are kept for the next part. */
export interface PartSender {
  put(part: PartPut, file: FileHandle): Promise<PartAnswer>
  close(): void
}

export function createPartSender(): PartSender {
  const plain = new HttpAgent({ keepAlive: true })
  const secure = new HttpsAgent({ keepAlive: true })
  return {
    put: (part, file) => sendPart(part, file, part.url.startsWith('https:') ? secure : plain),
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}

function begin(part: PartPut, agent: HttpAgent | HttpsAgent): ClientRequest {
  const headers = { ...part.headers, 'content-length': part.length }
  const open = agent instanceof HttpsAgent ? httpsRequest : httpRequest
  return open(part.url, { method: 'PUT', headers, agent })
}

function sendPart(part: PartPut, file: FileHandle, agent: HttpAgent | HttpsAgent): Promise<PartAnswer> {
  part.signal.throwIfAborted()
  const request = begin(part, agent)
  const { promise, resolve, reject } = Promise.withResolvers<PartAnswer>()
  let stall: NodeJS.Timeout | undefined
  let settled = false
  const alive = () => {
    if (settled) return
    clearTimeout(stall)
    stall = setTimeout(() => breakOff(new NetworkProblem('timeout')), part.stallMs)
  }
  const breakOff = (reason: unknown) => {
    reject(reason)
    request.destroy()
  }
  const onAbort = () => breakOff(part.signal.reason)
  part.signal.addEventListener('abort', onAbort, { once: true })
  alive()
  // An early answer (401, 429, 507) ends the sending; the rest of the body is not owed.
  request.on('response', (response) => readAnswer(response).then(resolve, breakOff))
  request.on('error', (error) => reject(new NetworkProblem('failed', error)))
  sendBody({ part, file, request, alive }).catch(breakOff)
  return promise.finally(() => {
    settled = true
    clearTimeout(stall)
    part.signal.removeEventListener('abort', onAbort)
    if (!request.writableFinished) request.destroy()
  })
}

type Body = { part: PartPut; file: FileHandle; request: ClientRequest; alive: () => void }

async function sendBody({ part, file, request, alive }: Body): Promise<void> {
  for (let sent = 0; sent < part.length && !request.destroyed; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, part.length - sent))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, part.offset + sent)
    if (bytesRead === 0) throw new UploadError('file-changed', 'The file became shorter while it was being sent')
    if (request.destroyed) return
    const room = request.write(buffer.subarray(0, bytesRead))
    sent += bytesRead
    if (!room) await drained(request)
    alive()
    part.onProgress(sent)
  }
  if (!request.destroyed) request.end()
}

const drained = (request: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      request.off('drain', go).off('close', go)
      resolve()
    }
    request.on('drain', go).on('close', go)
  })

async function readAnswer(response: IncomingMessage): Promise<PartAnswer> {
  let body = ''
  response.setEncoding('utf8')
  try {
    for await (const text of response) {
      body += text
      if (body.length > LONGEST_ANSWER) throw new Error('The answer is too long')
    }
  } catch (error) {
    throw new NetworkProblem('failed', error)
  }
  const { 'retry-after': retryAfter = null, etag = null } = response.headers
  return { status: response.statusCode ?? 0, body, retryAfter, etag }
}
