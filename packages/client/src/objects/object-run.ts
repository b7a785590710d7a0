import type { ObjectInitiated, StoredObject } from '@holdfast/api'
import { MIN_PART_PLAIN_BYTES } from '@holdfast/api/limits'
import { ApiProblem } from '../problem.ts'
import { randomId } from '../random-id.ts'
import { blobSource } from '../upload/blob-source.ts'
import type { Connectivity } from '../upload/connectivity.ts'
import { type DigestTask, startDigest } from '../upload/digest-task.ts'
import { ofObject } from '../upload/failures.ts'
import { createRunCore, Run } from '../upload/lifetime.ts'
import { once } from '../upload/once.ts'
import type { UploadSource } from '../upload/source.ts'
import { UploadError, type UploadState } from '../upload/state.ts'
import { defaultTuning, type UploadTuning } from '../upload/tuning.ts'
import { cancelObject } from './cancel-object.ts'
import type { ObjectEndpoints } from './endpoints.ts'
import { type ObjectContext, untilReady } from './object-context.ts'
import { putObject, UrlRefused } from './put-object.ts'
import { timed } from './timed.ts'

export type ObjectRequest<Place extends object = object> = ObjectEndpoints<Place> & {
  readonly file: File | UploadSource
  /** Called on every change, progress included; never after the final state. */
  readonly onState?: ((state: UploadState<StoredObject>) => void) | undefined
  /** Cancels the upload when it fires. */
  readonly signal?: AbortSignal | undefined
  readonly tuning?: Partial<UploadTuning> | undefined
  readonly connectivity?: Connectivity | undefined
} & (object extends Place ? { readonly place?: Place } : { readonly place: Place })

/** One attempt to store one object. */
export interface ObjectRun {
  getState(): UploadState<StoredObject>
  /** The object's id, once it is known. */
  objectId(): string | null
  /**
   * Breaks off, and has the object deleted if there is one; resolves when that is settled. An object that is READY by then stays, and the
   * run ends in `ready` with `tooLateToCancel`. Safe to call at any time and again.
   */
  cancel(): Promise<void>
  /** Breaks off and tells nobody: what is under way is dropped by the server later, what was completed stays. */
  abandon(): void
  /** Resolves with `ready`, `error` or `cancelled`; never rejects. */
  readonly done: Promise<UploadState<StoredObject>>
}

/** Read at once for the digest, in bytes. */
const DIGEST_STEP = MIN_PART_PLAIN_BYTES
/** An object is asked for every two seconds until it is judged (sooner at first), however long that takes. */
const tuning: UploadTuning = { ...defaultTuning, pollMs: { first: 250, steady: 2000, slow: 2000 } }

/**
 * Stores one file of an app: asks for a URL, PUTs the bytes there while SHA-256 is computed, completes with the digest, and asks until the
 * object is READY. It ends in `error` with the code `rejected` and its `reasons` where validation takes it for something else.
 * Network failures are retried with backoff; a URL that has expired is replaced once.
 */
export function startObjectUpload<Place extends object = object>(request: ObjectRequest<Place>): ObjectRun {
  const { file, place, signal, initiate, complete, get, remove } = request
  const source = 'put' in file ? file : blobSource(file)
  const core = createRunCore<StoredObject>({ ...request, source }, tuning)
  const endpoints: ObjectEndpoints = {
    initiate: (facts, options) => initiate({ ...facts, ...(place as Place) }, options),
    ...{ complete, get, remove },
  }
  const context: ObjectContext = Object.assign(core, { endpoints, objectId: null, unanswered: null })
  const run = new Run(context, {
    transfer: (controller) => transfer(context, controller),
    settleCancel: () => cancelObject(context),
  })
  const cancel = () => void run.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  if (signal?.aborted) cancel()
  void run.done.then(() => signal?.removeEventListener('abort', cancel))
  return { getState: run.getState, cancel: run.cancel, abandon: run.abandon, done: run.done, objectId: () => context.objectId }
}

async function transfer(context: ObjectContext, controller: AbortController): Promise<UploadState<StoredObject>> {
  const { source, signal, progress } = context
  if (source.size === 0) throw new UploadError('refused', 'The file is empty; choose one with something in it')
  const digest = startDigest(source, DIGEST_STEP, { signal, onProgress: progress.changed })
  progress.followDigest(digest, 0)
  digest.whole.catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'AbortError')) controller.abort(error)
  })
  try {
    return await untilReady(context, await deliver(context, digest), false)
  } finally {
    digest.stop()
  }
}

/** Until the server has all bytes under the right digest. With a URL that has expired it begins again, once. */
async function deliver(context: ObjectContext, digest: DigestTask): Promise<StoredObject> {
  const idempotencyKey = randomId()
  for (let renewed = false; ; renewed = true) {
    try {
      const begun = await initiate(context, renewed, idempotencyKey)
      await putObject(context, begun)
      return await complete(context, digest)
    } catch (error) {
      if (error instanceof UploadError) throw ofObject(error)
      if (!hasLapsed(error)) throw error
      if (renewed) throw error instanceof UrlRefused ? ofObject(error.told) : error
      context.progress.forget()
    }
  }
}

const lapses: readonly string[] = ['UPLOAD_URL_EXPIRED', 'URL_NOT_VALID', 'OBJECT_NOT_RECEIVED', 'PARTS_MISSING']
const hasLapsed = (error: unknown): boolean => error instanceof UrlRefused || (error instanceof ApiProblem && lapses.includes(error.code))

async function initiate(context: ObjectContext, renewed: boolean, idempotencyKey: string): Promise<ObjectInitiated> {
  try {
    return await initiateUnder(context, idempotencyKey)
  } catch (error) {
    // Nothing of the first attempt is open any more.
    if (!renewed || !(error instanceof ApiProblem && error.code === 'UPLOAD_CLOSED')) throw error
    return await initiateUnder(context, randomId())
  }
}

/** The call is not broken off by a cancel, and can be repeated after one: without its answer the server could not be told to drop the new object. */
async function initiateUnder(context: ObjectContext, idempotencyKey: string): Promise<ObjectInitiated> {
  const { source, endpoints, tuning } = context
  const facts = { originalFilename: source.name, contentType: source.contentType || 'application/octet-stream', fileSize: source.size }
  const ask = async (): Promise<ObjectInitiated> => {
    const uninterrupted = { signal: new AbortController().signal, tuning }
    const begun = await timed(uninterrupted, tuning.callMs, (call) => endpoints.initiate(facts, { ...call, idempotencyKey }))
    dropFormer(context, begun.storedObject.id)
    context.objectId = begun.storedObject.id
    return begun
  }
  context.unanswered = ask
  const begun = await context.persist(ask)
  context.unanswered = null
  context.signal.throwIfAborted()
  return begun
}

/** A backend that passes no Idempotency-Key on gets another object each time. */
function dropFormer({ objectId, endpoints, tuning }: ObjectContext, now: string): void {
  if (objectId === null || objectId === now) return
  endpoints.remove?.(objectId, { retries: 0, timeoutMs: tuning.callMs }).catch(() => {})
}

async function complete(context: ObjectContext, digest: DigestTask): Promise<StoredObject> {
  const { progress, persist, endpoints, tuning, objectId } = context
  if (!digest.finished()) progress.enter('hashing')
  const sha256 = await digest.whole
  progress.enter('completing')
  return persist(() =>
    timed(context, tuning.completeMs, (call) => endpoints.complete(objectId!, { checksums: { sha256 } }, { ...once(context), ...call })),
  )
}
