import type { Part, File as StoredFile, UploadCreate, UploadSession } from '@holdfast/api'
import { ApiProblem, toApiProblem } from '../problem.ts'
import { randomId } from '../random-id.ts'
import { type DigestTask, startDigest } from './digest-task.ts'
import { once } from './once.ts'
import { checkPlan, choosePartSize, missingParts, partSpan, sameName } from './plan.ts'
import type { RunContext } from './run.ts'
import { UploadError } from './state.ts'

const different = (message: string) => new UploadError('different-file', message)
const changed = () => new UploadError('file-changed', 'The file changed while it was being sent; choose it again', { retryable: true })
export const gone = () => new UploadError('upload-gone', 'The server no longer has this upload; start it again', { retryable: true })

/**
 * Finds the upload to go on with, or plans a new one where there is none or it is gone from the server.
 * Nothing is sent when name or size are not those of the upload.
 */
export async function openSession(context: RunContext, uploadId: string | undefined): Promise<UploadSession> {
  context.uploadId = uploadId ?? null
  const found = uploadId === undefined ? null : await findUpload(context, uploadId)
  if (found !== null) context.progress.learn(found)
  const session = found ?? (await planUpload(context))
  context.signal.throwIfAborted()
  if (session.status !== 'completed') checkPlan(session, context.source.size)
  return session
}

/** The call is not broken off by a cancel, and can be repeated after one: without its answer the server could not be told to drop the new upload. */
async function planUpload(context: RunContext): Promise<UploadSession> {
  const { client, source, request, tuning } = context
  const { caseId, itemId, tier } = request.destination
  const body: UploadCreate = {
    caseId,
    ...(itemId === undefined ? {} : { itemId }),
    ...(tier === undefined ? {} : { tier }),
    name: source.name,
    size: source.size,
    ...(source.contentType === '' ? {} : { contentType: source.contentType }),
    partSize: choosePartSize({ size: source.size, partBytes: source.partBytes, bytesPerSecond: request.bytesPerSecond ?? null }),
  }
  const idempotencyKey = randomId()
  const plan = async (): Promise<UploadSession> => {
    const session = await client.uploads.create(body, { idempotencyKey, retries: 0, timeoutMs: tuning.callMs })
    context.uploadId = session.id
    context.progress.learn(session)
    return session
  }
  context.uploadId = null
  context.unanswered = plan
  const session = await context.persist(plan)
  context.unanswered = null
  return session
}

async function findUpload(context: RunContext, uploadId: string): Promise<UploadSession | null> {
  const { client, source, persist } = context
  const session = await persist(() => client.uploads.get(uploadId, once(context))).catch((error: unknown) => {
    if (error instanceof ApiProblem && error.status === 404) return null
    throw error
  })
  if (session === null || session.status === 'aborted') return null
  if (!sameName(session.name, source.name)) throw different(`This upload is of “${session.name}”, and the chosen file is “${source.name}”`)
  if (session.size !== source.size) throw different(`This upload is of ${session.size} bytes, and the chosen file has ${source.size}`)
  return session
}

/** Starts the one reading of the file; when it fails, everything stops. */
export function beginDigest({ source, progress, signal }: RunContext, session: UploadSession, controller: AbortController): DigestTask {
  const digest = startDigest(source, session.partSize, { signal, onProgress: progress.changed })
  const ends = session.receivedParts.map(({ number }) => partSpan(session, number)).map(({ offset, length }) => offset + length)
  progress.followDigest(digest, Math.max(0, ...ends))
  digest.whole.catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'AbortError')) controller.abort(error)
  })
  return digest
}

/** Compares the file with the one that the server made of this upload before. @throws UploadError `different-file`. */
export async function matchStored({ progress, source }: RunContext, file: StoredFile, digest: DigestTask): Promise<void> {
  progress.followDigest(digest, source.size)
  progress.enter('verifying-local')
  const stored = file.sha256 ?? file.declaredSha256
  if (stored !== null && stored.toLowerCase() !== (await digest.whole))
    throw different('A file of the same name and size, but with other contents, is stored already')
}

/** Compares the file with every part that the server has. @throws UploadError `different-file`; nothing has been sent by then. */
export async function matchReceived({ progress }: RunContext, digest: DigestTask): Promise<void> {
  const receipts = [...progress.receipts.values()].sort((one, other) => one.number - other.number)
  if (receipts.length > 0) progress.enter('verifying-local')
  for (const receipt of receipts) {
    if ((await digest.part(receipt.number)) === receipt.sha256) continue
    throw different('The chosen file has the same name and size, but other contents than the one this upload was begun with')
  }
}

/** Sends what the server lacks, several parts at once. @throws the first failure, when all lanes have stopped. */
export async function sendMissing(context: RunContext, digest: DigestTask): Promise<void> {
  const session = context.progress.session
  if (session === null) throw gone()
  const missing = missingParts(session, context.progress.receipts)
  if (missing.length === 0) return
  context.progress.enter('uploading')
  const stop = new AbortController()
  const queue = missing.values()
  const lane = async () => {
    for (const number of queue) await sendPart(context, { number, digest, stop: stop.signal })
  }
  const lanes = Array.from({ length: Math.min(context.tuning.lanes, missing.length) }, lane)
  for (const running of lanes) running.catch((error: unknown) => stop.abort(error))
  await Promise.allSettled(lanes)
  context.signal.throwIfAborted()
  stop.signal.throwIfAborted()
}

type PartWork = { readonly number: number; readonly digest: DigestTask; readonly stop: AbortSignal }

const TRIES_A_PART = 3

async function sendPart(context: RunContext, work: PartWork): Promise<void> {
  for (let attempt = 1; attempt <= TRIES_A_PART; attempt += 1) {
    const receipt = await context.persist(() => putPart(context, work), work.stop)
    if (receipt !== null) return
  }
  throw changed()
}

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
      headers: { ...client.http.authorization(), ...(known === undefined ? {} : { 'content-digest': contentDigest(known) }) },
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
