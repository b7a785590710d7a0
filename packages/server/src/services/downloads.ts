import { type DownloadUrl, type DownloadUrlRequest, type FileStatus, Problem } from '@holdfast/api'
import { create as contentDisposition } from 'content-disposition'
import type { Caller } from '../core/actor.ts'
import { type Clock, toIso } from '../core/clock.ts'
import { dispositionOf, servedContentType } from '../core/content-types.ts'
import { type ByteRange, strongEtag } from '../core/http-range.ts'
import type { FileAtTarget } from '../db/file-rows.ts'
import type { Store } from '../db/store.ts'
import type { StorageTarget } from '../storage/target.ts'
import { existing, toldBy } from './caller.ts'
import { lookUpDirect, objectMissing, requireKnownHash } from './direct/direct-download.ts'
import { openStoredRange } from './direct/plain-range.ts'
import { requireSame } from './objects/read-object.ts'
import { ObjectDamaged } from './sealed/damage.ts'
import { flagDamaged } from './sealed/flag-damaged.ts'
import { openPlainRange, type PlainRange, type PlainSink } from './sealed/read-plain.ts'
import { openSealedObject, type SealedReaderDeps } from './sealed/sealed-object.ts'
import type { TargetAccess } from './target-access.ts'
import { targetRemoved } from './target-view.ts'

/** A file that may be downloaded, and what a HEAD tells of it. */
export type Downloadable = { readonly file: FileAtTarget; readonly size: number; readonly etag: string }

/** A download whose object is opened and whose audit entry is written: bytes may flow. */
export interface Download extends AsyncDisposable {
  /**
   * Sends the bytes of the range, in order. Every byte of a sealed file is authenticated before it is sent; where the object turns out to be damaged this
   * rejects with FILE_DAMAGED after flagging the file, and whoever sends has to break the answer off.
   */
  send(sink: PlainSink): Promise<void>
}

export interface DownloadService {
  /** NOT_FOUND, TARGET_REMOVED, OBJECT_MISSING, FILE_NOT_READY or FILE_DAMAGED where there is nothing to download. */
  find(caller: Caller, fileId: string): Promise<Downloadable>
  /**
   * Where the bytes are: for a direct file in a bucket a signed request to that, of which DOWNLOAD is told now; for all others the path at
   * this server, which tells it when they flow. Problems as `find`.
   */
  url(caller: Caller, fileId: string, request: DownloadUrlRequest): Promise<DownloadUrl>
  /**
   * `range` null: the whole file. Problems as `find`, FILE_DAMAGED where the object does not open, and RATE_LIMIT_EXCEEDED where as many
   * downloads run as may run at once, of all or of this caller.
   */
  start(caller: Caller, found: Downloadable, request: { range: ByteRange | null; signal: AbortSignal }): Promise<Download>
}

export type DownloadDeps = SealedReaderDeps & {
  readonly store: Store
  readonly clock: Clock
  readonly targets: TargetAccess
  /** Downloads that may run at once; each takes a few MiB. Half of them at most are of one caller, who could keep all others out else. */
  readonly downloadsAtOnce: number
}

/** A pass of the target is noted at most this often (T7 counts in minutes). */
const PASS_NOTED_EVERY = 60_000
const RETRY_AFTER_SECONDS = 2

const notReady: Partial<Record<FileStatus, string>> = {
  PENDING_UPLOAD: 'The file is still being uploaded.',
  SCANNING: 'The file is being verified. Wait until it is READY.',
  FAILED: 'The stored bytes were not those that were sent, and were removed. Upload the file again.',
  REJECTED: 'The file did not pass validation.',
}

const damaged = (reason: string | null, cause?: unknown): Problem =>
  new Problem(
    'FILE_DAMAGED',
    `${reason ?? 'The stored bytes do not match what was sealed.'} Restore the object from a backup, then verify the file again.`,
    { cause },
  )

async function find(deps: DownloadDeps, caller: Caller, fileId: string): Promise<Downloadable> {
  const file = existing(await deps.store.read.files.findAtTarget(caller.tenantId, fileId), 'file')
  if (file.targetRemovedAt !== null) throw targetRemoved(file.targetName)
  if (file.status === 'DAMAGED') throw damaged(file.statusReason)
  if (file.status !== 'READY' || (file.sha256 === null && file.tier !== 'direct')) {
    throw new Problem('FILE_NOT_READY', notReady[file.status], { extra: { fileStatus: file.status } })
  }
  if (file.sha256 === null || file.tier === 'direct') {
    requireKnownHash(file)
    return { file, size: file.size, etag: await lookUpDirect(deps.targets, file) }
  }
  return { file, size: file.size, etag: strongEtag(file.sha256) }
}

/** How the bytes of a file get to a client through this server, in the words of the log. */
const deliveryOf = (file: FileAtTarget): string => (file.tier === 'direct' ? `${file.targetKind}_passthrough` : 'server_stream')

/** The digest that is recorded of the file: what was computed, else what its sender declared. */
const recordedHash = (file: FileAtTarget): string | null => file.sha256 ?? (file.tier === 'direct' ? file.declaredSha256 : null)

type Recorded = { readonly file: FileAtTarget; readonly range: ByteRange | null; readonly delivery: string }

/** Writes DOWNLOAD into the log before a byte flows. */
async function record(deps: DownloadDeps, caller: Caller, { file, range, delivery }: Recorded): Promise<void> {
  const now = deps.clock.now()
  await deps.store.transaction(async (tx) => {
    await tx.targets.notePass(file.targetId, { at: now, notAfter: now - PASS_NOTED_EVERY })
    await tx.audit.append({
      ...toldBy(caller),
      caseId: file.caseId,
      itemId: file.itemId,
      fileId: file.id,
      action: 'DOWNLOAD',
      details: {
        name: file.name,
        tier: file.tier,
        delivery,
        sha256: recordedHash(file),
        range: range ? `${range.start}-${range.end}` : null,
      },
    })
  })
}

/** Lets so many downloads run at once, and half of them of one caller; by signed URLs, whose holders nobody knows apart, of one file. */
function createPlaces(atOnce: number) {
  const ofOne = Math.ceil(atOnce / 2)
  const running = new Map<string, number>()
  let all = 0
  const full = (words: string): Problem =>
    new Problem('RATE_LIMIT_EXCEEDED', `${words} Try again in a moment.`, { retryAfterSeconds: RETRY_AFTER_SECONDS })
  /** Takes a place; what it answers gives it back. */
  return ({ tenantId, actor }: Caller, fileId: string): (() => void) => {
    const who = JSON.stringify([tenantId, actor.kind, actor.id, actor.kind === 'system' ? fileId : ''])
    const own = running.get(who) ?? 0
    if (all >= atOnce) throw full(`The server sends ${atOnce} files at once.`)
    if (own >= ofOne) throw full(`The server sends ${ofOne} files at once to one person, token or URL.`)
    all += 1
    running.set(who, own + 1)
    return () => {
      all -= 1
      const left = (running.get(who) ?? 1) - 1
      if (left === 0) running.delete(who)
      else running.set(who, left)
    }
  }
}

export function downloadService(deps: DownloadDeps): DownloadService {
  const takePlace = createPlaces(deps.downloadsAtOnce)
  return {
    find: (caller, fileId) => find(deps, caller, fileId),
    url: (caller, fileId, request) => giveUrl(deps, caller, { fileId, ...request }),
    async start(caller, { file }, request) {
      await using opened = new AsyncDisposableStack()
      opened.defer(takePlace(caller, file.id))
      const { target } = opened.use(await deps.targets.lease(file.tenantId, file.targetId))
      const flagged = { caller, file }
      const plain = await orFlag(deps.store, flagged, () => openRange(deps, file, { ...request, target }))
      if (plain) opened.use(plain)
      await record(deps, caller, { file, range: request.range, delivery: deliveryOf(file) })
      const resources = opened.move()
      return {
        send: (sink) => orFlag(deps.store, flagged, async () => plain?.send(sink)),
        [Symbol.asyncDispose]: () => resources.disposeAsync(),
      }
    },
  }
}

/** Signed requests for downloads begin within this time, or not at all (D12). */
const URL_SECONDS = 5 * 60

async function giveUrl(deps: DownloadDeps, caller: Caller, request: { fileId: string } & DownloadUrlRequest): Promise<DownloadUrl> {
  const { file } = await find(deps, caller, request.fileId)
  const type = dispositionOf(file, request.disposition ?? 'attachment')
  await using lease = await deps.targets.lease(file.tenantId, file.targetId)
  const { presign } = lease.target
  if (file.tier !== 'direct' || presign === null) {
    const url = `/api/v1/files/${file.id}/content?disposition=${type}`
    return { url, expiresAt: null, delivery: deliveryOf(file), sha256: recordedHash(file) }
  }
  const signed = await presign.get(file.objectKey, {
    expiresInSeconds: URL_SECONDS,
    disposition: contentDisposition(file.name, { type }),
    contentType: servedContentType(file.contentType),
  })
  await record(deps, caller, { file, range: null, delivery: 'presigned_get' })
  return { url: signed.url, expiresAt: toIso(signed.expiresAt), delivery: 'presigned_get', sha256: recordedHash(file) }
}

/** Turns damage into a flagged file and the problem that tells of it. */
async function orFlag<T>(store: Store, { caller, file }: { caller: Caller; file: FileAtTarget }, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ObjectDamaged)) throw error
    // What others do to a direct file is theirs to do: the next Sync finds out what became of it. What is flagged as missing is known.
    if (file.tier === 'direct' || (error.missing && file.missingAt !== null)) throw objectMissing(file, error)
    await flagDamaged(store, file, { damage: error, actor: caller.actor, requestId: caller.requestId })
    throw damaged(`${error.message}.`, error)
  }
}

type RangeRequest = { readonly range: ByteRange | null; readonly signal: AbortSignal; readonly target: StorageTarget }

/** The object with its end authenticated, and the first segment of the range; null for the bytes of an empty file. */
async function openRange(deps: DownloadDeps, file: FileAtTarget, request: RangeRequest): Promise<PlainRange | null> {
  const { target, signal } = request
  if (file.container === null) {
    if (file.tier === 'object') await requireSame(file, { target, signal })
    const { memory } = deps
    const range = request.range ?? { start: 0, end: file.size - 1 }
    return file.size === 0 ? null : openStoredRange({ target, key: file.objectKey, range, memory, signal })
  }
  const sealed = await openSealedObject(deps, file, { target, signal })
  const { plaintextSize } = sealed.geometry
  if (plaintextSize === 0) return null
  const range = request.range ?? { start: 0, end: plaintextSize - 1 }
  return openPlainRange(sealed, range, { memory: deps.memory, signal })
}
