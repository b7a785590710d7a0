import type { StorageTarget } from './target.ts'

/** What one target can do, found out once by trying (T12). The form shows it and the code asks it, never the provider's name. */
export type Capabilities = {
  /** A put that says "only if absent" never overwrites. */
  readonly conditionalWrites: boolean
  /** The backend checks a SHA-256 that comes with an object, and refuses bytes that do not match it. */
  readonly verifiesSha256: boolean
  /** Deleted and replaced objects are kept as versions; null where it may not be asked. */
  readonly versioning: boolean | null
  /** Objects can be held against deletion by the backend itself. */
  readonly objectLock: boolean
  /** What a new object was encrypted with at rest by the backend, as it said. */
  readonly encryptionAtRest: 'sse-kms' | 'sse-s3' | null
  /** A browser at the origin may send parts straight to it and read their ETag; null where no origin was given. */
  readonly cors: boolean | null
  /** Every part of a write but the last has at least this many bytes. */
  readonly leastPartBytes: number
  readonly mostParts: number | null
  readonly presign: boolean
  readonly serverCopy: boolean
  /** Bytes that can still be written, null where the backend does not say. */
  readonly freeBytes: number | null
}

/** What holds for file systems and file servers. */
export async function fileCapabilities(target: StorageTarget, signal?: AbortSignal): Promise<Capabilities> {
  const freeBytes = (await target.space?.free(signal ? { signal } : {})) ?? null
  return {
    conditionalWrites: true,
    verifiesSha256: false,
    versioning: false,
    objectLock: false,
    encryptionAtRest: null,
    cors: null,
    leastPartBytes: 1,
    mostParts: null,
    presign: target.presign !== null,
    serverCopy: target.serverCopy !== null,
    freeBytes,
  }
}
