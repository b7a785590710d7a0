import { type Static, Type } from 'typebox'
import { Bytes, closed, Nullable, OneOf, Sha256, Time, Uuid } from './shapes.ts'

// ── the direct tier: bytes that go to the storage as they are ────────────────────────────────────
/** What the Direct section shows. While Direct is not bound `bound` is false and the rest null (R4). */
export const DirectState = Type.Object(
  {
    bound: Type.Boolean(),
    kind: Nullable(OneOf(['s3', 'smb', 'sftp'] as const)),
    delivery: Nullable(OneOf(['server', 'presigned'] as const)),
    targetName: Nullable(Type.String()),
    usedBytes: Nullable(Bytes),
    reservedBytes: Nullable(Bytes),
    quotaBytes: Nullable(Bytes),
    hashWarnBytes: Type.Integer({ description: 'Reading back more than this may cost egress: people are warned first' }),
  },
  closed,
)

/** Signed requests for parts that a browser sends straight to the bucket. */
export const PartUrlsRequest = Type.Object(
  { numbers: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 32, uniqueItems: true }) },
  closed,
)
export const PartUrl = Type.Object(
  {
    number: Type.Integer(),
    size: Bytes,
    method: Type.Literal('PUT'),
    url: Type.String({ description: 'A bearer token: never log it, never keep it' }),
    headers: Type.Record(Type.String(), Type.String(), { description: 'To be sent as they are; a browser sets content-length itself' }),
    expiresAt: Time,
  },
  closed,
)
export const PartUrls = Type.Object({ parts: Type.Array(PartUrl) }, closed)

/** What the sender learned of parts that it put straight into the bucket: how another page goes on, and what completion needs. */
export const PartReceipts = Type.Object(
  {
    parts: Type.Array(
      Type.Object({ number: Type.Integer({ minimum: 1 }), etag: Type.String({ minLength: 1, maxLength: 256 }), sha256: Sha256 }, closed),
      { minItems: 1, maxItems: 100 },
    ),
  },
  closed,
)

/** Where a file is downloaded from. `url` is absolute for the bucket, a path of this server otherwise. */
export const DownloadUrl = Type.Object(
  {
    url: Type.String({ description: 'A bearer token where delivery is presigned_get: never log it, never keep it' }),
    expiresAt: Nullable(Time),
    delivery: Type.String({
      description: 'presigned_get, or this server: server_stream, s3_passthrough, smb_passthrough, sftp_passthrough',
    }),
    sha256: Nullable(Type.String()),
  },
  closed,
)
export const DownloadUrlRequest = Type.Object({ disposition: Type.Optional(OneOf(['attachment', 'inline'] as const)) }, closed)

// ── Sync: one scope reconciled with what is on the storage (D13) ─────────────────────────────────
export const syncModes = ['preview', 'apply'] as const
export const syncStatuses = ['running', 'done', 'stopped', 'failed', 'cancelled'] as const
export const SyncStart = Type.Object(
  {
    itemId: Type.Optional({ ...Uuid, description: 'The folder of this item alone; without it the root of the case alone' }),
    mode: OneOf(syncModes),
    allowRemovals: Type.Optional(
      Type.Boolean({ description: 'Goes on although more than half of the scope would vanish: what a wrong mount looks like, too' }),
    ),
  },
  closed,
)
const Examples = Type.Array(Type.Object({ name: Type.String(), fileId: Nullable(Uuid), reason: Nullable(Type.String()) }, closed), {
  description: 'The first ones, at most 100',
})
const SyncGroup = Type.Object({ count: Type.Integer(), bytes: Bytes, examples: Examples }, closed)
export const Sync = Type.Object(
  {
    id: Uuid,
    caseId: Uuid,
    itemId: Nullable(Uuid),
    mode: OneOf(syncModes),
    status: OneOf(syncStatuses),
    listed: Type.Integer({ description: 'Objects seen so far' }),
    added: SyncGroup,
    removed: SyncGroup,
    changed: SyncGroup,
    missing: SyncGroup,
    skipped: SyncGroup,
    unchanged: Type.Integer(),
    error: Nullable(Type.String({ description: 'Why it stopped or failed, and what to do' })),
    startedBy: Type.String(),
    createdAt: Time,
    finishedAt: Nullable(Time),
  },
  closed,
)

export type DirectState = Static<typeof DirectState>
export type PartUrlsRequest = Static<typeof PartUrlsRequest>
export type PartUrl = Static<typeof PartUrl>
export type PartUrls = Static<typeof PartUrls>
export type PartReceipts = Static<typeof PartReceipts>
export type DownloadUrl = Static<typeof DownloadUrl>
export type DownloadUrlRequest = Static<typeof DownloadUrlRequest>
export type SyncStart = Static<typeof SyncStart>
export type Sync = Static<typeof Sync>
