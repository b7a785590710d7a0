import type { File as StoredFile, UploadCreate, UploadSession } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { randomId } from '../random-id.ts'
import { type DigestTask, startDigest } from './digest-task.ts'
import { differentFile } from './failures.ts'
import { once } from './once.ts'
import { checkPlan, choosePartSize, partSpan, sameName } from './plan.ts'
import type { RunContext } from './run.ts'

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
    partSize: choosePartSize({ size: source.size, partBytes: source.partBytes, bytesPerSecond: request.bytesPerSecond ?? null, tier }),
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
  if (!sameName(session.name, source.name))
    throw differentFile(`This upload is of “${session.name}”, and the chosen file is “${source.name}”`)
  if (session.size !== source.size) throw differentFile(`This upload is of ${session.size} bytes, and the chosen file has ${source.size}`)
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
    throw differentFile('A file of the same name and size, but with other contents, is stored already')
}

/** Compares the file with every part that the server has. @throws UploadError `different-file`; nothing has been sent by then. */
export async function matchReceived({ progress }: RunContext, digest: DigestTask): Promise<void> {
  const receipts = [...progress.receipts.values()].sort((one, other) => one.number - other.number)
  if (receipts.length > 0) progress.enter('verifying-local')
  for (const receipt of receipts) {
    if ((await digest.part(receipt.number)) === receipt.sha256) continue
    throw differentFile('The chosen file has the same name and size, but other contents than the one this upload was begun with')
  }
}
