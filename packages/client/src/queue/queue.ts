import type { UploadSession } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { randomId } from '../random-id.ts'
import { blobSource } from '../upload/blob-source.ts'
import { sameName } from '../upload/plan.ts'
import { startUpload, type UploadRun } from '../upload/run.ts'
import type { UploadSource } from '../upload/source.ts'
import { isFinal, type UploadState } from '../upload/state.ts'
import { type UploadClaims, windowClaims } from './claims.ts'
import { createRowList } from './rows.ts'
import type { QueueRow, QueueState, UploadDestination, UploadQueue, UploadQueueOptions } from './types.ts'

/** Nothing is sent before something is added; dispose of it to stop. */
export const createUploadQueue = (options: UploadQueueOptions): UploadQueue => new Queue(options, windowClaims())

/** What a row needs beside what it shows. */
type Work = {
  source: UploadSource | null
  run: UploadRun | null
  resume: Resume | null
  /** Ends this window's claim on the upload. */
  release: (() => void) | null
}

/** The upload of the server's to go on with; `auto` where only name and size say that it is the same file. */
type Resume = { readonly uploadId: string; readonly auto: boolean; readonly before: UploadState }

const newWork = (source: UploadSource | null, resume: Resume | null = null): Work => ({ source, run: null, resume, release: null })
const waitingTurn: UploadState = { phase: 'queued', until: null }
const toSource = (file: File | UploadSource): UploadSource => ('put' in file ? file : blobSource(file))

class Queue implements UploadQueue {
  readonly #options: UploadQueueOptions
  readonly #claims: UploadClaims
  readonly #list = createRowList()
  readonly #works = new Map<string, Work>()
  #bytesPerSecond: number | null = null
  #closed = false

  constructor(options: UploadQueueOptions, claims: UploadClaims) {
    this.#options = options
    this.#claims = claims
  }

  readonly getState = (): QueueState => this.#list.getState()
  readonly subscribe = (listener: () => void): (() => void) => this.#list.subscribe(listener)

  add(file: File | UploadSource, destination: UploadDestination): string {
    const source = toSource(file)
    const begun = this.#list.rows().find((row) => row.state.phase === 'needs-file' && matches(row, source, destination))
    if (begun !== undefined) return this.#goOn(begun, source, true)
    const id = randomId()
    this.#works.set(id, newWork(source))
    this.#list.add({ id, name: source.name, size: source.size, destination, uploadId: null, fileId: null, state: waitingTurn })
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
    for (const session of open.values()) if (!here.has(session.id)) this.#addUnfinished(session, caseId)
  }

  resume(id: string, file: File | UploadSource): void {
    const row = this.#list.find(id)
    if (row?.state.phase === 'needs-file') this.#goOn(row, toSource(file), false)
  }

  retry(id: string): void {
    const row = this.#list.find(id)
    const work = this.#works.get(id)
    if (row === null || !work?.source || work.run !== null) return
    if (row.state.phase !== 'error' && row.state.phase !== 'cancelled') return
    const goesOn = row.state.phase === 'error' && row.state.error.retryable && row.uploadId !== null
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
    this.#list.update(id, { state: { phase: 'cancelled', serverCleanedUp } })
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

  /** Starts what has its turn. A file that the server is proving no longer holds a turn. */
  #advance(): void {
    if (this.#closed) return
    const rows = this.#list.rows().map((row) => ({ row, work: this.#works.get(row.id) }))
    const running = rows.filter(({ row, work }) => work?.run && row.state.phase !== 'verifying').length
    const next = rows.filter(({ row, work }) => row.state.phase === 'queued' && work?.source && !work.run)
    for (const { row, work } of next.slice(0, Math.max(0, (this.#options.concurrency ?? 1) - running))) this.#start(row, work!)
  }

  #start(row: QueueRow, work: Work): void {
    const { resume } = work
    const run = startUpload({
      client: this.#options.client,
      source: work.source!,
      destination: row.destination,
      bytesPerSecond: this.#bytesPerSecond,
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
    if (state.phase === 'uploading') this.#bytesPerSecond = state.bytesPerSecond ?? this.#bytesPerSecond
    const uploadId = work.run?.uploadId() ?? row.uploadId
    if (uploadId !== null && (uploadId !== row.uploadId || work.release === null)) {
      work.release?.()
      work.release = this.#claims.claim(uploadId)
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
      this.#list.update(id, { state: { ...resume.before, error: different } })
    } else {
      this.#list.update(id, { state, uploadId: run?.uploadId() ?? null, fileId: run?.fileId() ?? null })
      const row = this.#list.find(id)
      if (state.phase === 'ready' && row !== null) this.#options.onReady?.(row)
    }
    this.#advance()
  }

  #goOn(row: QueueRow, source: UploadSource, auto: boolean): string {
    this.#works.set(row.id, newWork(source, { uploadId: row.uploadId!, auto, before: row.state }))
    this.#list.update(row.id, { state: waitingTurn })
    this.#advance()
    return row.id
  }

  #addUnfinished(session: UploadSession, caseId: string): void {
    const id = randomId()
    this.#works.set(id, newWork(null))
    const destination = { caseId, ...(session.itemId === null ? {} : { itemId: session.itemId }) }
    const state: UploadState = { phase: 'needs-file', loaded: session.receivedBytes, total: session.size, error: null }
    this.#list.add({ id, name: session.name, size: session.size, destination, uploadId: session.id, fileId: session.fileId, state })
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
  const place = row.destination.caseId === destination.caseId && (row.destination.itemId ?? null) === (destination.itemId ?? null)
  return place && row.size === source.size && sameName(row.name, source.name)
}
