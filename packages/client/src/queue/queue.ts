import type { UploadSession } from '@holdfast/api'
import { ApiProblem } from '../problem.ts'
import { randomId } from '../random-id.ts'
import { blobSource } from '../upload/blob-source.ts'
import { sameName } from '../upload/plan.ts'
import { startUpload, type UploadRun } from '../upload/run.ts'
import type { UploadSource } from '../upload/source.ts'
import { isFinal, type UploadState } from '../upload/state.ts'
import { createRowList, type RowList } from './rows.ts'
import type { QueueRow, UploadDestination, UploadQueue, UploadQueueOptions } from './types.ts'

const waitingTurn: UploadState = { phase: 'queued', until: null }

/** What a row needs beside what it shows. */
type Work = {
  source: UploadSource | null
  run: UploadRun | null
  /** The upload of the server's to go on with; `auto` where only name and size say that it is the same file. */
  resume: { uploadId: string; auto: boolean; before: QueueRow['state'] } | null
}

export function createUploadQueue(options: UploadQueueOptions): UploadQueue {
  const list = createRowList()
  const works = new Map<string, Work>()
  const slots = options.concurrency ?? 1
  let bytesPerSecond: number | null = null
  let closed = false

  const workOf = (id: string): Work => works.get(id) ?? { source: null, run: null, resume: null }

  /** Starts what has its turn. A file that the server is proving no longer holds a turn. */
  function advance(): void {
    if (closed) return
    const running = list.rows().filter((row) => workOf(row.id).run !== null && row.state.phase !== 'verifying').length
    const next = list.rows().filter((row) => row.state.phase === 'queued' && workOf(row.id).run === null && workOf(row.id).source !== null)
    for (const row of next.slice(0, Math.max(0, slots - running))) start(row, workOf(row.id))
  }

  function start(row: QueueRow, work: Work): void {
    const { source, resume } = work
    if (source === null) return
    const run = startUpload({
      client: options.client,
      source,
      destination: row.destination,
      bytesPerSecond,
      resume: resume === null ? undefined : { uploadId: resume.uploadId, ifDifferent: resume.auto ? 'start-new' : 'stop' },
      tuning: options.tuning,
      onState: (state) => show(row.id, work, state),
    })
    work.run = run
    void run.done.then((state) => settled(row.id, work, state))
  }

  function show(id: string, work: Work, state: UploadState): void {
    if (closed || isFinal(state)) return
    if (state.phase === 'uploading') bytesPerSecond = state.bytesPerSecond ?? bytesPerSecond
    const before = list.find(id)?.state.phase
    list.update(id, { state, uploadId: work.run?.uploadId() ?? list.find(id)?.uploadId ?? null, fileId: work.run?.fileId() ?? null })
    if (state.phase === 'verifying' && before !== 'verifying') advance()
  }

  function settled(id: string, work: Work, state: UploadState): void {
    if (closed) return
    const { run, resume } = work
    work.run = null
    const row = list.find(id)
    const different = state.phase === 'error' && state.error.code === 'different-file' && resume !== null
    if (different && resume.before.phase === 'needs-file') {
      work.source = null
      list.update(id, { state: { ...resume.before, error: state.error } })
    } else {
      list.update(id, { state, uploadId: run?.uploadId() ?? null, fileId: run?.fileId() ?? null })
      if (state.phase === 'ready' && row !== null) options.onReady?.({ ...row, state })
    }
    advance()
  }

  return {
    getState: list.getState,
    subscribe: list.subscribe,
    add(file, destination) {
      const source = toSource(file)
      const begun = list.rows().find((row) => row.state.phase === 'needs-file' && matches(row, source, destination))
      if (begun !== undefined) return goOn(begun, source, true)
      const id = randomId()
      works.set(id, { source, run: null, resume: null })
      list.add({ id, name: source.name, size: source.size, destination, uploadId: null, fileId: null, state: waitingTurn })
      advance()
      return id
    },
    async loadUnfinished({ caseId }, callOptions) {
      const open: UploadSession[] = []
      for await (const session of options.client.uploads.every({ caseId }, callOptions)) if (session.status === 'open') open.push(session)
      mergeUnfinished(list, works, { caseId, open })
    },
    resume(id, file) {
      const row = list.find(id)
      if (row?.state.phase === 'needs-file') goOn(row, toSource(file), false)
    },
    cancel,
    retry(id) {
      const row = list.find(id)
      const work = workOf(id)
      if (row === null || work.source === null || work.run !== null) return
      if (row.state.phase !== 'error' && row.state.phase !== 'cancelled') return
      const goesOn = row.state.phase === 'error' && row.state.error.retryable && row.uploadId !== null
      work.resume = goesOn ? { uploadId: row.uploadId!, auto: true, before: row.state } : null
      list.update(id, { state: waitingTurn, uploadId: goesOn ? row.uploadId : null, fileId: goesOn ? row.fileId : null })
      advance()
    },
    remove(id) {
      const row = list.find(id)
      if (row !== null && isFinal(row.state) && workOf(id).run === null) drop([id])
    },
    clear() {
      drop(
        list
          .rows()
          .filter((row) => row.state.phase === 'ready' || row.state.phase === 'cancelled')
          .map((row) => row.id),
      )
    },
    [Symbol.dispose]() {
      closed = true
      for (const { run } of works.values()) run?.abandon()
      works.clear()
      list.close()
    },
  }

  function goOn(row: QueueRow, source: UploadSource, auto: boolean): string {
    works.set(row.id, { source, run: null, resume: { uploadId: row.uploadId!, auto, before: row.state } })
    list.update(row.id, { state: waitingTurn })
    advance()
    return row.id
  }

  async function cancel(id: string): Promise<void> {
    const row = list.find(id)
    const work = workOf(id)
    if (row === null || row.state.phase === 'ready' || row.state.phase === 'cancelled') return
    if (work.run !== null) {
      const { run } = work
      await run.cancel()
      await run.done
      return
    }
    const uploadId = row.uploadId
    list.update(id, { state: { phase: 'cancelling' } })
    const serverCleanedUp = uploadId === null || (await abortOnServer(uploadId))
    list.update(id, { state: { phase: 'cancelled', serverCleanedUp } })
    advance()
  }

  async function abortOnServer(uploadId: string): Promise<boolean> {
    return options.client.uploads.abort(uploadId).then(
      () => true,
      (error: unknown) => error instanceof ApiProblem && error.status === 404,
    )
  }

  function drop(ids: readonly string[]): void {
    for (const id of ids) works.delete(id)
    list.remove(ids)
  }
}

const toSource = (file: File | UploadSource): UploadSource => ('put' in file ? file : blobSource(file))

const needsFile = (total: number, loaded: number) => ({ phase: 'needs-file', loaded, total, error: null }) as const

function matches(row: QueueRow, source: UploadSource, destination: UploadDestination): boolean {
  const place = row.destination.caseId === destination.caseId && (row.destination.itemId ?? null) === (destination.itemId ?? null)
  return place && row.size === source.size && sameName(row.name, source.name)
}

/** Shows the server's open uploads of one case that nothing here is working on, and takes away those that it no longer has. */
function mergeUnfinished(list: RowList, works: Map<string, Work>, known: { caseId: string; open: readonly UploadSession[] }): void {
  const live = new Map(known.open.map((session) => [session.id, session]))
  const idle = list.rows().filter((row) => row.state.phase === 'needs-file' && row.destination.caseId === known.caseId)
  list.remove(idle.filter((row) => !live.has(row.uploadId ?? '')).map((row) => row.id))
  const here = new Set(list.rows().map((row) => row.uploadId))
  for (const session of live.values()) {
    if (here.has(session.id)) continue
    const id = randomId()
    works.set(id, { source: null, run: null, resume: null })
    const destination = { caseId: known.caseId, ...(session.itemId === null ? {} : { itemId: session.itemId }) }
    const state = needsFile(session.size, session.receivedBytes)
    list.add({ id, name: session.name, size: session.size, destination, uploadId: session.id, fileId: session.fileId, state })
  }
}
