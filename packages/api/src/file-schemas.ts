import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { Bytes, closed, FileName, Nullable, OneOf, Sha256, Time, Uuid } from './shapes.ts'

export const tiers = ['secure', 'direct', 'object'] as const
export type Tier = (typeof tiers)[number]

/**
 * PENDING_UPLOAD bytes are still arriving · SCANNING stored, being verified · READY proven · REJECTED validation failed · FAILED the stored bytes
 * are not what was sent · DAMAGED was READY, but a later read found the object changed · DELETED.
 */
export const fileStatuses = ['PENDING_UPLOAD', 'SCANNING', 'READY', 'REJECTED', 'FAILED', 'DAMAGED', 'DELETED'] as const
export type FileStatus = (typeof fileStatuses)[number]

/**
 * What is known of a file's SHA-256: `none` nothing · `declared` what the sender said, not yet read back · `computed` read back from the
 * storage · `stale` the object changed since, `sha256` is the old one · `mismatch` the object holds `diskSha256` instead of `sha256`.
 */
export const hashStates = ['none', 'declared', 'computed', 'stale', 'mismatch'] as const
export type HashState = (typeof hashStates)[number]

export const File = Type.Object(
  {
    id: Uuid,
    caseId: Nullable(Uuid),
    itemId: Nullable(Uuid),
    tier: OneOf(tiers),
    name: Type.String(),
    contentType: Type.String(),
    size: Bytes,
    status: OneOf(fileStatuses),
    statusReason: Nullable(Type.String({ description: 'Plain words, for statuses that need them' })),
    syncing: Type.Boolean({ description: 'Sealed and proven on this server, on its way to its storage target' }),
    syncTarget: Nullable(
      Type.Object(
        { id: Uuid, name: Type.String(), removed: Type.Boolean() },
        { ...closed, description: 'Where the file goes from where it was staged. removed: it stays until that target is taken back' },
      ),
    ),
    sha256: Nullable(Type.String({ description: 'Computed by the server from the stored object' })),
    declaredSha256: Nullable(Type.String({ description: 'What the sender said' })),
    verifiedAt: Nullable(Time),
    target: Type.Object({ id: Uuid, name: Type.String(), kind: Type.String(), removed: Type.Boolean() }, closed),
    uploadedBy: Type.String(),
    createdAt: Time,
    readyAt: Nullable(Time),
    uploadId: Nullable(Uuid),
    version: Type.Integer(),
    hashState: OneOf(hashStates),
    diskSha256: Nullable(Type.String({ description: 'What the object was found to hold where that is not sha256' })),
    atRest: Nullable(OneOf(['sse-kms', 'sse-s3'] as const)),
    discovered: Type.Boolean({ description: 'Found on the storage by Sync, put there by others' }),
    missingSince: Nullable(Time),
    held: Type.Boolean({ description: 'A legal hold covers it: it cannot be deleted' }),
    hashing: Nullable(
      Type.Object({ jobId: Uuid, bytes: Bytes, size: Bytes }, { ...closed, description: 'The stored object is being read for its digest' }),
    ),
  },
  closed,
)
export const FileQuery = Type.Object(
  {
    ...PageQuery,
    caseId: Type.Optional(Uuid),
    itemId: Type.Optional(Type.Union([Uuid, Type.Literal('none')], { description: 'none: files of the case itself' })),
    tier: Type.Optional(OneOf(tiers)),
    status: Type.Optional(OneOf(fileStatuses)),
  },
  closed,
)

// ── upload sessions: numbered, idempotent parts ──────────────────────────────────────────────────
export const Part = Type.Object({ number: Type.Integer(), size: Bytes, sha256: Sha256, storedAt: Time }, closed)
export const uploadStatuses = ['open', 'completing', 'completed', 'aborted'] as const
export const UploadSession = Type.Object(
  {
    id: Uuid,
    fileId: Uuid,
    caseId: Nullable(Uuid),
    itemId: Nullable(Uuid),
    name: Type.String(),
    tier: OneOf(tiers),
    delivery: OneOf(['server', 'presigned'] as const),
    size: Bytes,
    partSize: Type.Integer({ description: 'Plaintext bytes in every part but the last' }),
    partCount: Type.Integer(),
    status: OneOf(uploadStatuses),
    receivedParts: Type.Array(Part),
    receivedBytes: Bytes,
    createdAt: Time,
    expiresAt: Time,
  },
  closed,
)
export const UploadCreate = Type.Object(
  {
    caseId: Uuid,
    itemId: Type.Optional(Uuid),
    tier: Type.Optional(OneOf(['secure', 'direct'] as const)),
    name: FileName,
    size: Bytes,
    contentType: Type.Optional(Type.String({ maxLength: 255 })),
    partSize: Type.Optional(Type.Integer({ minimum: 1, description: 'A wish; the answer says what holds' })),
  },
  closed,
)
export const UploadComplete = Type.Object({ sha256: Type.Optional(Sha256) }, closed)
export const UploadQuery = Type.Object(
  {
    ...PageQuery,
    caseId: Type.Optional(Uuid),
    mine: Type.Optional(Type.Boolean({ description: 'Only uploads that the caller began, and may go on with' })),
  },
  closed,
)

export type File = Static<typeof File>
export type FileQuery = Static<typeof FileQuery>
export type Part = Static<typeof Part>
export type UploadSession = Static<typeof UploadSession>
export type UploadCreate = Static<typeof UploadCreate>
export type UploadComplete = Static<typeof UploadComplete>
export type UploadQuery = Static<typeof UploadQuery>
