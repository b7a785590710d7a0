import type { Clock } from '../core/clock.ts'
import type { CrashPoints } from '../core/crash-point.ts'
import type { Store } from '../db/store.ts'
import type { KeyHierarchy } from '../keys/hierarchy.ts'
import { type DownloadDeps, type DownloadService, downloadService } from './downloads.ts'
import { type FileService, fileService } from './files.ts'
import { defaultIngestLimits, type IngestDeps, type IngestLimits } from './ingest/deps.ts'
import { createDigestPool } from './ingest/digest-pool.ts'
import { createPartAttempts } from './ingest/part-attempts.ts'
import { createPartMemory } from './ingest/part-memory.ts'
import type { PurgeDeps } from './purge.ts'
import { createKnownEnds } from './sealed/sealed-object.ts'
import { createSegmentMemory } from './sealed/segment-memory.ts'
import type { TargetAccess } from './target-access.ts'
import { type UploadService, uploadService } from './uploads.ts'
import type { VerifyDeps } from './verify.ts'

export type FileServicesOptions = {
  readonly store: Store
  readonly clock: Clock
  readonly keys: KeyHierarchy
  readonly targets: TargetAccess
  readonly points: CrashPoints
  readonly limits?: Partial<IngestLimits & { downloadsAtOnce: number }>
}

/** Everything that moves file bytes, over one set of buffers and hashing threads. Disposing ends the threads. */
export interface FileServices extends AsyncDisposable {
  readonly uploads: UploadService
  readonly files: FileService
  readonly downloads: DownloadService
  /** What the job handlers of jobs/handlers take. */
  readonly ingest: IngestDeps
  readonly verify: VerifyDeps
  readonly purge: PurgeDeps
}

const DIGEST_THREADS = 2
/** Parts that may be written while the next of the same upload is sealed; each is 8 MiB. */
const SPARE_PARTS = 4
const KEPT_SEGMENTS = 24
const REMEMBERED_ENDS = 4096
const DOWNLOADS_AT_ONCE = 64

export function createFileServices(options: FileServicesOptions): FileServices {
  const { store, clock, keys, targets, points } = options
  const limits = { ...defaultIngestLimits, ...options.limits }
  const digests = createDigestPool(DIGEST_THREADS)
  const ingest: IngestDeps = {
    ...{ store, clock, keys, targets, digests, points, limits },
    memory: createPartMemory(SPARE_PARTS),
    attempts: createPartAttempts(limits.partsAtOnce),
  }
  const reader = { keys, memory: createSegmentMemory(KEPT_SEGMENTS), ends: createKnownEnds(REMEMBERED_ENDS) }
  const downloads: DownloadDeps = { ...reader, store, clock, targets, downloadsAtOnce: limits.downloadsAtOnce ?? DOWNLOADS_AT_ONCE }
  return {
    uploads: uploadService(ingest),
    files: fileService({ store, clock }),
    downloads: downloadService(downloads),
    ingest,
    verify: { ...reader, store, clock, targets, digests, points },
    purge: { store, clock, targets, points },
    [Symbol.asyncDispose]: () => digests[Symbol.asyncDispose](),
  }
}
