/**
 * The contract of a storage driver. Every driver passes the one suite in `test/target.contract.ts`,
 * plain and under faults injected before and after each call takes effect.
 *
 * - Each call moves one bounded buffer, never a stream: retry, limits, timing and faults are one wrapper (`wrap.ts`).
 * - A reader never sees a half-written object: a key shows the old bytes or the new, or does not exist.
 * - `put` and `commitWrite` resolve when the bytes survive a power cut; `flushWrite` when what was written so far does.
 * - Drivers translate every error of their backend into `StorageError` at their edge.
 * - Every call takes an `AbortSignal` and rejects with its reason soon after it fires.
 */

/** Retry makes sense for 'unavailable' alone. */
export type StorageFault = 'not-found' | 'exists' | 'out-of-range' | 'bad-part' | 'bad-key' | 'denied' | 'full' | 'unavailable' | 'closed'

/**
 * What went wrong at a target. The message names the operation and the reason, never a secret or a signed URL.
 * `remedy` says what an administrator can do about it, where the driver knows more than the fault tells.
 */
export class StorageError extends Error {
  readonly fault: StorageFault
  readonly remedy: string | null
  constructor(fault: StorageFault, message: string, options?: { cause?: unknown; remedy?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StorageError'
    this.fault = fault
    this.remedy = options?.remedy ?? null
  }
}

export type ObjectStat = {
  readonly key: string
  readonly size: number
  /** Milliseconds since the epoch, as the backend tells it. */
  readonly modifiedAt: number
  /** Changes when the object changes, where the backend has such a thing. */
  readonly etag: string | null
  /** What the backend says it encrypted the object with at rest (D1). Listings do not tell it, nor do backends without such a thing. */
  readonly atRest?: 'sse-kms' | 'sse-s3' | null
}

/**
 * One thing in a folder. `foreign` is something whose name no key can hold, so that no call but a listing reaches it.
 * Unfinished writes, links and special files are none of them.
 */
export type FolderEntry =
  | { readonly kind: 'object'; readonly object: ObjectStat }
  | { readonly kind: 'folder' | 'foreign'; readonly name: string }

/**
 * Names a write that is under way. It is all another process needs to go on with it. Up to the first '#' it is the name by which
 * `listWrites` tells it, see `writeName`; behind it a driver keeps what its backend does not.
 */
export type WriteId = string
/** What `listWrites` gives as `write` for this write; `abortWrite` takes either. */
export const writeName = (write: WriteId): WriteId => write.split('#', 1)[0] ?? write

/**
 * A piece of an object being written: `bytes` belong at `offset`, and `number` counts from 1 in order of offset.
 * Pieces do not overlap; the same number always has the same offset, and the last bytes written for it win.
 */
export type WritePart = { readonly number: number; readonly offset: number; readonly bytes: Uint8Array }

/** Proof that a part is stored; JSON-safe, kept in the database until commit. */
export type PartReceipt = { readonly number: number; readonly size: number; readonly tag: string | null }

export type CallOptions = { signal?: AbortSignal }
export type StatOptions = CallOptions & { occupant?: boolean }
export type CommitOptions = CallOptions & { ifAbsent?: boolean }

/**
 * `into` offers memory for the answer, so that a reader of many pieces can reuse a few buffers: the driver may fill its first
 * `length` bytes and answer with a view of them, or answer with memory of its own. It stays untouched by others until the call settles.
 */
export type ReadOptions = CallOptions & { into?: Uint8Array }

export interface StorageTarget extends AsyncDisposable {
  readonly kind: 'local' | 's3' | 'sftp' | 'smb' | 'memory'

  /** Stores a whole small object. With `ifAbsent`, 'exists' where the key is taken, and the old object stays. */
  put(key: string, bytes: Uint8Array, options?: CallOptions & { ifAbsent?: boolean }): Promise<ObjectStat>
  /** Exactly `length` bytes from `offset`, or 'out-of-range'; 'not-found' where there is no object. */
  read(key: string, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>
  /**
   * Null where there is no object. With `occupant` also what only takes the name, so that no object could be put there without it: a
   * folder, or a file whose name the backend does not tell from this one.
   */
  stat(key: string, options?: StatOptions): Promise<ObjectStat | null>
  /** Committed objects alone whose key starts with `prefix`, in any order, in constant memory. */
  list(prefix: string, options?: CallOptions): AsyncIterable<ObjectStat>
  /**
   * What lies directly in a folder, each once, in any order, in constant memory and without looking below it. `folder` is '' or ends
   * in '/'. One that does not exist is empty.
   */
  listFolder(folder: string, options?: CallOptions): AsyncIterable<FolderEntry>
  /** Durable when resolved. A missing object counts as success. */
  delete(key: string, options?: CallOptions): Promise<void>

  /** Begins an object of exactly `size` bytes. Nothing shows at `key` until `commitWrite`. */
  beginWrite(key: string, size: number, options?: CallOptions): Promise<WriteId>
  /** Any order, repeatable, last wins. 'bad-part' where it does not fit the size; 'not-found' where the write is gone. */
  writePart(key: string, write: WriteId, part: WritePart, options?: CallOptions): Promise<PartReceipt>
  /** What was written is now durable. */
  flushWrite(key: string, write: WriteId, options?: CallOptions): Promise<void>
  /**
   * Makes the object appear at `key`, atomically and durably, replacing what was there. Repeatable: a second call, after success or at the
   * same time on this target, answers with the committed object. 'bad-part' where receipts do not cover the size; the write then stays open.
   * With `ifAbsent`, 'exists' where the key is taken by anything but the object of this write; that stays, and so does the write.
   */
  commitWrite(key: string, write: WriteId, receipts: readonly PartReceipt[], options?: CommitOptions): Promise<ObjectStat>
  /** Idempotent; leaves nothing behind. After a commit it does not touch the object. */
  abortWrite(key: string, write: WriteId, options?: CallOptions): Promise<void>
  /**
   * Writes that were begun and neither committed nor aborted, older than `olderThan` (ms since the epoch): for the sweep.
   * `write` is the `writeName` of what `beginWrite` answered.
   */
  listWrites(prefix: string, olderThan: number, options?: CallOptions): AsyncIterable<{ key: string; write: WriteId; startedAt: number }>

  readonly presign: Presign | null
  readonly serverCopy: ServerCopy | null
  readonly lock: ObjectLock | null
  readonly space: Space | null
  /** Null where folders come and go with the objects in them, or nobody looks into them. */
  readonly folders: Folders | null
  /** Null where `writePart` takes bytes from any memory equally well. */
  readonly memory: WriteMemory | null
}

export type SignedRequest = { url: string; method: 'GET' | 'PUT'; headers: Record<string, string>; expiresAt: number }

/** Bearer requests that a browser makes straight to the backend. Never logged. */
export interface Presign {
  get(key: string, options: { expiresInSeconds: number; disposition?: string; contentType?: string }): Promise<SignedRequest>
  /** `ifAbsent`: where the backend has conditional writes, what is stored at the key once is not replaced by the same URL. */
  put(
    key: string,
    options: { expiresInSeconds: number; size: number; contentType: string; sha256?: Uint8Array; ifAbsent?: boolean },
  ): Promise<SignedRequest>
  part(key: string, write: WriteId, number: number, options: { expiresInSeconds: number; size: number }): Promise<SignedRequest>
  /** What the backend holds of a write, by number: of parts that were sent without this server in between. 'not-found' where it is gone. */
  listParts(key: string, write: WriteId, options?: CallOptions): Promise<PartReceipt[]>
}
export interface ServerCopy {
  /** `ifMatch`: only an object of this ETag, else 'not-found'; backends that do not know of conditions copy it all the same. */
  copy(fromKey: string, toKey: string, options?: CallOptions & { ifMatch?: string }): Promise<ObjectStat>
}
export interface ObjectLock {
  setHold(key: string, held: boolean, options?: CallOptions): Promise<void>
}
export interface Folders {
  /** Makes the folder, and those above it, where it is missing. `folder` ends in '/'. */
  make(folder: string, options?: CallOptions): Promise<void>
}
export interface Space {
  /** Bytes that can still be written, or null where the backend does not say. */
  free(options?: CallOptions): Promise<number | null>
}

/** Memory that the driver writes from without a copy of its own. Using it is a matter of speed alone. */
export interface WriteMemory {
  /**
   * `length` bytes for a part that will be written at `offset`; their content is undefined. Never fails and never waits:
   * where the driver's own memory is used up or too small, the bytes are ordinary ones.
   */
  take(offset: number, length: number): WriteBuffer
}
/** `release` gives the bytes back once no call uses them any more; calling it twice is harmless. */
export type WriteBuffer = Disposable & { readonly bytes: Uint8Array; release(): void }
