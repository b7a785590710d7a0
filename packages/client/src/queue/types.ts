import type { Client } from '../client.ts'
import type { UploadSource } from '../upload/source.ts'
import type { UploadState } from '../upload/state.ts'
import type { UploadTuning } from '../upload/tuning.ts'
import type { FileHandles, RememberedFile } from './file-handles.ts'

/** Where a file goes. The tier is secure when not given. */
export type UploadDestination = {
  readonly caseId: string
  readonly itemId?: string | undefined
  readonly tier?: 'secure' | 'direct' | undefined
}

/** One file in the queue. Rows are never changed, only replaced. */
export type QueueRow = {
  readonly id: string
  readonly name: string
  readonly size: number
  readonly destination: UploadDestination
  /** The server's id of the upload, once it has one. */
  readonly uploadId: string | null
  /** The server's id of the file, once it has one. */
  readonly fileId: string | null
  readonly state: UploadState
  /** The browser knows where the file of this `needs-file` row is: `reopen` goes on with it without choosing it again. */
  readonly canReopen: boolean
}

/** A snapshot: the same object until something changes, so it fits useSyncExternalStore. */
export type QueueState = {
  readonly rows: readonly QueueRow[]
  /** Rows that are being transferred or are about to be: leaving the page now would interrupt them. */
  readonly pending: number
}

export type UploadQueueOptions = {
  readonly client: Client
  /** Files of one tier transferred at the same time; 1 when not given. The tiers have their turns each for itself. */
  readonly concurrency?: number | undefined
  readonly tuning?: Partial<UploadTuning> | undefined
  /** Called once for each file that became READY. */
  readonly onReady?: ((row: QueueRow) => void) | undefined
  /** Where handles of files are remembered; in the browser's IndexedDB when not given. */
  readonly handles?: FileHandles | undefined
}

export type AddOptions = {
  /** From `showOpenFilePicker` or `getAsFileSystemHandle`: after a reload the upload can then go on without choosing the file again. */
  readonly handle?: RememberedFile | undefined
}

/**
 * Files on their way to the server, in the order they were added. Nothing here throws for what happens to a single upload:
 * that is in the row's state.
 */
export interface UploadQueue {
  getState(): QueueState
  /** Calls `listener` after each change; progress alone at most ten times a second. Returns the unsubscribe function. */
  subscribe(listener: () => void): () => void
  /**
   * Adds a file and returns the row's id. Where the same destination has a `needs-file` row of the same name and size, that row
   * goes on instead; should its bytes turn out to be others, this file starts afresh and the old upload is left alone.
   */
  add(file: File | UploadSource, destination: UploadDestination, options?: AddOptions): string
  /** Lists the unfinished uploads that the server has for a case, as `needs-file` rows; those already here are left as they are. */
  loadUnfinished(query: { caseId: string }, options?: { signal?: AbortSignal }): Promise<void>
  /** Goes on with a `needs-file` row. Another file than the one begun with leaves the row as it was, with `error` set. */
  resume(id: string, file: File | UploadSource): void
  /**
   * Goes on with a `needs-file` row that can be reopened, having asked the person for permission; to be called on a click. Resolves with
   * false where it was not given, or where the file is no longer there (then `error` says so, and the file has to be chosen).
   */
  reopen(id: string): Promise<boolean>
  /** Cancels in any phase and tells the server; resolves when that is settled. Rows that are final already stay as they are. */
  cancel(id: string): Promise<void>
  /** Starts an `error` or `cancelled` row again; one that is retryable goes on from the parts that the server has. */
  retry(id: string): void
  /** Drops one final row from the list. */
  remove(id: string): void
  /** Drops all `ready` and `cancelled` rows from the list. */
  clear(): void
  /** Stops everything without telling the server, which keeps the parts for a later visit. */
  [Symbol.dispose](): void
}
