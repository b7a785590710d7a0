import type { Part } from '@holdfast/api'
import { ApiProblem, toApiProblem } from '../problem.ts'
import { fileChanged, gone } from './failures.ts'
import type { PartRoute, PartWork } from './part-route.ts'
import { partSpan } from './plan.ts'
import type { RunContext } from './run.ts'
import { UploadError } from './state.ts'

const TRIES_A_PART = 3

/** Parts through the server, which answers each with its receipt. */
export const serverRoute = (context: RunContext): PartRoute => ({
  width: () => context.tuning.lanes,
  async send(work) {
    for (let attempt = 1; attempt <= TRIES_A_PART; attempt += 1) {
      const receipt = await context.persist(() => putPart(context, work), work.stop)
      if (receipt !== null) return
    }
    throw fileChanged()
  },
  settle: async () => {},
  leave: () => {},
})

/** The receipt, or null where the server received other bytes than this side read. */
async function putPart({ client, source, progress, tuning, signal }: RunContext, { number, digest, stop }: PartWork): Promise<Part | null> {
  const session = progress.session!
  const known = digest.knownPart(number)
  let receipt: Part | null = null
  let over = false
  try {
    const answer = await source.put({
      ...partSpan(session, number),
      url: client.uploads.partUrl(session.id, number),
      headers: {
        ...client.http.authorization(),
        'content-type': 'application/octet-stream',
        ...(known === undefined ? {} : { 'content-digest': contentDigest(known) }),
      },
      signal: AbortSignal.any([signal, stop]),
      stallMs: tuning.stallMs,
      onProgress: (sent) => over || progress.partSent(number, sent),
    })
    if (answer.status < 200 || answer.status > 299) throw toApiProblem(answer.status, answer.body, answer.retryAfter)
    const part = readReceipt(answer.body, number, partSpan(session, number).length)
    if (known === undefined || known === part.sha256) receipt = part
    return receipt
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'DIGEST_MISMATCH') return null
    throw error instanceof ApiProblem && error.status === 404 ? gone() : error
  } finally {
    over = true
    progress.partSettled(number, receipt)
  }
}

/** `sha-256=:…:` of RFC 9530, from hex. */
function contentDigest(sha256: string): string {
  const bytes = sha256.match(/../g) ?? []
  return `sha-256=:${btoa(String.fromCharCode(...bytes.map((pair) => Number.parseInt(pair, 16))))}:`
}

function readReceipt(body: string, number: number, length: number): Part {
  const part = JSON.parse(body) as Part
  if (part.number !== number || part.size !== length || typeof part.sha256 !== 'string') {
    throw new UploadError('refused', `The server's receipt for part ${number} does not fit what was sent`)
  }
  return { ...part, sha256: part.sha256.toLowerCase() }
}
