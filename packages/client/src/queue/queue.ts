import type { UploadSession } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { randomId } from '../random-id.ts'
import { blobSource } from '../upload/blob-source.ts'
import { sameName } from '../upload/plan.ts'
import { startUpload, type UploadRun } from '../upload/run.ts'
import type { UploadSource } from '../upload/source.ts'
import { isFinal, UploadError, type UploadState } from '../upload/state.ts'
import { type UploadClaims, windowClaims } from './claims.ts'
import { browserFileHandles, type FileHandles, type RememberedFile, reopenFile } from './file-handles.ts'
import { createRowList } from './rows.ts'
import type { AddOptions, QueueRow, QueueState, UploadDestination, UploadQueue, UploadQueueOptions } from './types.ts'

/** Nothing is sent before something is added; dispose of it to stop. */
export const createUploadQueue = (options: UploadQueueOptions): UploadQueue => new Queue(options, windowClaims())

/** What a row needs beside what it shows. */
type Work = {
  source: UploadSource | null
  run: UploadRun | null
  resume: Resume | null
  /** Ends this window's claim on the upload. */
  release: (() => void) | null
  /** Where the file is on this machine, where the browser knows. */
  handle: RememberedFile | null
}

/** The upload of the server's to go on with; `auto` where only name and size say that it is the same file. */
type Resume = { readonly uploadId: string; readonly auto: boolean; readonly before: UploadState }

const newWork = (source: UploadSource | null, more: Partial<Work> = {}): Work => ({
  ...{ source, run: null, resume: null, release: null, handle: null },
  ...more,
})
const waitingTurn: UploadState = { phase: 'queued', until: null }
const tierOf = ({ tier }: UploadDestination) => tier ?? 'secure'
const toSource = (file: File | UploadSource): UploadSource => ('put' in file ? file : blobSource(file))

class Queue implements UploadQueue {
  readonly #options: UploadQueueOptions
  readonly #claims: UploadClaims
  readonly #list = createRowList()
  readonly #works = new Map<string, Work>()
  readonly #handles: FileHandles
  /** What transfers of a tier reached last: the tiers may take other ways. */
  readonly #bytesPerSecond = new Map<string, number>()
  #closed = false

  constructor(options: UploadQueueOptions, claims: UploadClaims) {
    this.#options = options
    this.#claims = claims
    this.#handles = options.handles ?? browserFileHandles()
  }

  readonly getState = (): QueueState => this.#list.getState()
  readonly subscribe = (listener: () => void): (() => void) => this.#list.subscribe(listener)

  add(file: File | UploadSource, destination: UploadDestination, options: AddOptions = {}): string {
    const source = toSource(file)
    const handle = options.handle ?? null
    const begun = this.#list.rows().find((row) => row.state.phase === 'needs-file' && matches(row, source, destination))
    if (begun !== undefined) return this.#goOn(begun, source, { auto: true, handle })
    const id = randomId()
    this.#works.set(id, newWork(source, { handle }))
    const ids = { id, uploadId: null, fileId: null }
    this.#list.add({ ...ids, name: source.name, size: source.size, destination, state: waitingTurn, canReopen: false })
    this.#advance()
    return id
  }

  async loadUnfinished({ caseId }: { caseId: string }, options?: { signal?: AbortSignal }): Promise<void> {
    const claimed = await this.#claims.claimed()
    const open = new Map<string, UploadSession>()
    for await (const session of this.#options.client.uploads.every({ caseId, mine: true }, options)) {
      if (session.status === 'open' && !claimed.has(session.id)) open.set(session.id, session)
    }
    const rows = this.#list.rows().filter((row) => row.state.phase === 'needs-file' && row.destination.caseId === caseId)
    this.#drop(rows.filter((row) => !open.has(row.uploadId ?? '')).map((row) => row.id))
    const here = new Set(this.#list.rows().map((row) => row.uploadId))
    const added = [...open.values()].filter(({ id }) => !here.has(id)).map((session) => this.#addUnfinished(session, caseId))
    await Promise.all(added.map((id) => this.#remember(id)))
  }

  resume(id: string, file: File | UploadSource): void {
    const row = this.#list.find(id)
    if (row?.state.phase === 'needs-file') this.#goOn(row, toSource(file), { auto: false })
  }

  async reopen(id: string): Promise<boolean> {
    const handle = this.#works.get(id)?.handle ?? null
    if (handle === null) return false
    try {
      const file = await reopenFile(handle)
      if (file === null) return false
      this.resume(id, file)
      return true
    } catch (cause) {
      this.#lostFile(id, cause)
      return false
    }
  }

  retry(id: string): void {
    const row = this.#list.find(id)
    const work = this.#works.get(id)
    if (row === null || !work?.source || work.run !== null) return
    if (row.state.phase !== 'error' && row.state.phase !== 'cancelled') return
    const { state } = row
    const goesOn = state.phase === 'error' && state.error.retryable && state.error.code !== 'upload-gone' && row.uploadId !== null
    work.resume = goesOn ? { uploadId: row.uploadId!, auto: true, before: row.state } : null
    this.#list.update(id, { state: waitingTurn, uploadId: goesOn ? row.uploadId : null, fileId: goesOn ? row.fileId : null })
    this.#advance()
  }

  async cancel(id: string): Promise<void> {
    const row = this.#list.find(id)
    if (row === null || row.state.phase === 'ready' || row.state.phase === 'cancelled') return
    const run = this.#works.get(id)?.run
    if (run) {
      await run.cancel()
      await run.done
      return
    }
    this.#list.update(id, { state: { phase: 'cancelling' } })
    const serverCleanedUp = row.uploadId === null || (await this.#abortOnServer(row.uploadId))
    if (row.uploadId !== null) void this.#handles.forget(row.uploadId)
    this.#list.update(id, { state: { phase: 'cancelled', serverCleanedUp }, canReopen: false })
    this.#advance()
  }

  remove(id: string): void {
    const row = this.#list.find(id)
    if (row !== null && isFinal(row.state) && !this.#works.get(id)?.run) this.#drop([id])
  }

  clear(): void {
    const done = this.#list.rows().filter((row) => row.state.phase === 'ready' || row.state.phase === 'cancelled')
    this.#drop(done.map((row) => row.id))
  }

  [Symbol.dispose](): void {
    this.#closed = true
    for (const { run, release } of this.#works.values()) {
      run?.abandon()
      release?.()
    }
    this.#works.clear()
    this.#list.close()
  }

  /** Starts what has its turn, in each tier. A file that the server is proving no longer holds a turn. */
  #advance(): void {
    if (this.#closed) return
    const rows = this.#list.rows().map((row) => ({ row, work: this.#works.get(row.id) }))
    for (const tier of ['secure', 'direct']) {
      const those = rows.filter(({ row }) => tierOf(row.destination) === tier)
      const running = those.filter(({ row, work }) => work?.run && row.state.phase !== 'verifying').length
      const next = those.filter(({ row, work }) => row.state.phase === 'queued' && work?.source && !work.run)
      for (const { row, work } of next.slice(0, Math.max(0, (this.#options.concurrency ?? 1) - running))) this.#start(row, work!)
    }
  }

  #start(row: QueueRow, work: Work): void {
    const { resume } = work
    const run = startUpload({
      client: this.#options.client,
      source: work.source!,
      destination: row.destination,
      bytesPerSecond: this.#bytesPerSecond.get(tierOf(row.destination)) ?? null,
      resume: resume === null ? undefined : { uploadId: resume.uploadId, ifDifferent: resume.auto ? 'start-new' : 'stop' },
      tuning: this.#options.tuning,
      onState: (state) => this.#show(row.id, work, state),
    })
    work.run = run
    void run.done.then((state) => this.#settled(row.id, work, state))
  }

  #show(id: string, work: Work, state: UploadState): void {
    const row = this.#list.find(id)
    if (this.#closed || row === null || isFinal(state)) return
    if (state.phase === 'uploading' && state.bytesPerSecond !== null)
      this.#bytesPerSecond.set(tierOf(row.destination), state.bytesPerSecond)
    const uploadId = work.run?.uploadId() ?? row.uploadId
    if (uploadId !== null && (uploadId !== row.uploadId || work.release === null)) {
      work.release?.()
      work.release = this.#claims.claim(uploadId)
      if (work.handle !== null) void this.#handles.keep(uploadId, work.handle)
    }
    this.#list.update(id, { state, uploadId, fileId: work.run?.fileId() ?? null })
    if (state.phase === 'verifying' && row.state.phase !== 'verifying') this.#advance()
  }

  #settled(id: string, work: Work, state: UploadState): void {
    const { run, resume } = work
    work.release?.()
    work.release = null
    work.run = null
    if (this.#closed) return
    const different = state.phase === 'error' && state.error.code === 'different-file' ? state.error : null
    if (different !== null && resume?.before.phase === 'needs-file') {
      work.source = null
      this.#list.update(id, { state: { ...resume.before, error: different }, canReopen: work.handle !== null })
    } else {
      this.#list.update(id, { state, uploadId: run?.uploadId() ?? null, fileId: run?.fileId() ?? null })
      const row = this.#list.find(id)
      const over = state.phase === 'ready' || state.phase === 'cancelled'
      if (over && row?.uploadId) void this.#handles.forget(row.uploadId)
      if (state.phase === 'ready' && row !== null) this.#options.onReady?.(row)
    }
    this.#advance()
  }

  #goOn(row: QueueRow, source: UploadSource, how: { auto: boolean; handle?: RememberedFile | null }): string {
    const resume = { uploadId: row.uploadId!, auto: how.auto, before: row.state }
    this.#works.set(row.id, newWork(source, { resume, handle: how.handle ?? this.#works.get(row.id)?.handle ?? null }))
    this.#list.update(row.id, { state: waitingTurn, canReopen: false })
    this.#advance()
    return row.id
  }

  #addUnfinished(session: UploadSession, caseId: string): string {
    const id = randomId()
    this.#works.set(id, newWork(null))
    const item = session.itemId === null ? {} : { itemId: session.itemId }
    const destination: UploadDestination = { caseId, ...item, ...(session.tier === 'direct' ? { tier: session.tier } : {}) }
    const state: UploadState = { phase: 'needs-file', loaded: session.receivedBytes, total: session.size, error: null }
    const ids = { id, uploadId: session.id, fileId: session.fileId }
    this.#list.add({ ...ids, name: session.name, size: session.size, destination, state, canReopen: false })
    return id
  }

  /** Finds out where the file of an unfinished upload is on this machine. */
  async #remember(id: string): Promise<void> {
    const handle = await this.#handles.find(this.#list.find(id)?.uploadId ?? '')
    const work = this.#works.get(id)
    if (handle === null || work === undefined || this.#list.find(id)?.state.phase !== 'needs-file') return
    work.handle = handle
    this.#list.update(id, { canReopen: true })
  }

  #lostFile(id: string, cause: unknown): void {
    const row = this.#list.find(id)
    if (row?.state.phase !== 'needs-file') return
    const error = new UploadError('file-changed', 'The file is no longer where it was; choose it again', { retryable: true, cause })
    this.#list.update(id, { state: { ...row.state, error }, canReopen: false })
    if (row.uploadId !== null) void this.#handles.forget(row.uploadId)
  }

  #abortOnServer(uploadId: string): Promise<boolean> {
    return this.#options.client.uploads.abort(uploadId).then(
      () => true,
      (error: unknown) => error instanceof ApiProblem && error.status === 404,
    )
  }

  #drop(ids: readonly string[]): void {
    for (const id of ids) this.#works.delete(id)
    this.#list.remove(ids)
  }
}

function matches(row: QueueRow, source: UploadSource, destination: UploadDestination): boolean {
  const { caseId, itemId } = row.destination
  const samePlace = caseId === destination.caseId && (itemId ?? null) === (destination.itemId ?? null)
  return samePlace && tierOf(row.destination) === tierOf(destination) && row.size === source.size && sameName(row.name, source.name)
}
