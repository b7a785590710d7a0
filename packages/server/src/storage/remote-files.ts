import type { CallOptions, StatOptions } from './target.ts'

/**
 * What a file server must offer so that `openTreeTarget` makes a storage target of it (SMB, SFTP). Paths are relative to the
 * target's folder, `/` between names, '' the folder itself; names are those of the server, already mapped. Every rejection is a
 * `StorageError`; a lost connection is 'unavailable', and the next call connects anew.
 */
export interface RemoteFiles extends AsyncDisposable {
  readonly kind: 'sftp' | 'smb'
  readonly names: RemoteNames
  /** Null where there is nothing. Links and special files count as nothing. */
  stat(path: string, options?: StatOptions): Promise<RemoteStat | null>
  /** The rows of a folder without `.`, `..`, links and special files; nothing where it does not exist. Constant memory. */
  list(path: string, options?: CallOptions): AsyncIterable<RemoteStat & { readonly name: string }>
  /** Makes one folder. False where something of that name is there; 'not-found' where the folder above is missing. */
  makeFolder(path: string, options?: CallOptions): Promise<boolean>
  /** False where it is not empty or something else than a folder; true where it is gone. */
  removeFolder(path: string, options?: CallOptions): Promise<boolean>
  /** A missing file counts as success. Durable as far as the server can say. */
  removeFile(path: string, options?: CallOptions): Promise<void>
  /** Atomic. Without `replace`, 'exists' where `to` is taken. 'not-found' where `from` is missing. */
  rename(from: string, to: string, options: CallOptions & { replace: boolean }): Promise<void>
  /** `read` and `write` need an existing file ('not-found'), `create` a free name ('exists'). */
  open(path: string, mode: 'read' | 'write' | 'create', options?: CallOptions): Promise<RemoteFile>
  /** Bytes that can still be written, or null where the server does not say. */
  free(options?: CallOptions): Promise<number | null>
}

export type RemoteStat = { readonly size: number; readonly modifiedAt: number; readonly isFolder: boolean }

export interface RemoteFile extends AsyncDisposable {
  readonly size: number
  readonly modifiedAt: number
  /** Stays with the file when it is renamed, and no other file at this place ever has it; null where the server tells none. */
  identity(options?: CallOptions): Promise<string | null>
  /** Answers how many bytes there were: fewer than asked only where the file ends. */
  read(into: Uint8Array, offset: number, options?: CallOptions): Promise<number>
  write(bytes: Uint8Array, offset: number, options?: CallOptions): Promise<void>
  truncate(size: number, options?: CallOptions): Promise<void>
  /** Durable when resolved. */
  flush(options?: CallOptions): Promise<void>
}

/** How one segment of a key becomes a name of the server, and back. Both ways are exact. */
export interface RemoteNames {
  toName(segment: string): string
  /** Null where no segment has this name. */
  toSegment(name: string): string | null
}
