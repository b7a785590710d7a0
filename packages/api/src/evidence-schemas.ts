import { type Static, Type } from 'typebox'
import { classRetentions } from './object-schemas.ts'
import { PageQuery } from './page-schemas.ts'
import { Bytes, closed, FileName, Nullable, OneOf, Sha256, Time, Uuid } from './shapes.ts'

// ── the evidence contract: apps own meaning, this server owns bytes (C1, C2) ─────────────────────
export const assetStatuses = ['pending_upload', 'uploaded', 'verified', 'archived', 'deleted'] as const
export type AssetStatus = (typeof assetStatuses)[number]
export const assetScanStatuses = ['pending', 'clean', 'skipped', 'suspicious', 'blocked'] as const
export type AssetScanStatus = (typeof assetScanStatuses)[number]
export const intentStatuses = ['pending', 'completed', 'expired', 'cancelled'] as const
export type IntentStatus = (typeof intentStatuses)[number]

const Slug = (description: string) => Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$', description })
const SourceId = Type.String({ minLength: 1, maxLength: 256, description: 'The id of the record in the app, as the app writes it' })
const CompanyId = Slug('Whose record it is, within the organisation')

export const Asset = Type.Object(
  {
    id: Uuid,
    app: Type.String(),
    companyId: Nullable(Type.String()),
    kind: Type.String(),
    filename: Type.String({ description: 'The original name: metadata alone' }),
    contentType: Type.String(),
    size: Bytes,
    status: OneOf(assetStatuses),
    scanStatus: OneOf(assetScanStatuses),
    checksumAlgorithm: Type.Literal('sha256'),
    checksum: Nullable(Type.String({ description: 'Computed from the stored bytes; null until then' })),
    declaredChecksum: Nullable(Type.String()),
    retention: Nullable(Type.String()),
    expiresAt: Nullable(Time),
    legalHold: Type.Boolean(),
    createdAt: Time,
    verifiedAt: Nullable(Time),
    createdBy: Type.String(),
    version: Type.Integer(),
  },
  closed,
)
export const UploadIntent = Type.Object(
  { id: Uuid, assetId: Uuid, status: OneOf(intentStatuses), expiresAt: Time, createdAt: Time, completedAt: Nullable(Time) },
  closed,
)
export const UploadIntentCreate = Type.Object(
  {
    app: Slug('Which app asks'),
    companyId: Type.Optional(CompanyId),
    kind: Slug('What the app calls this kind of file, e.g. receipt'),
    filename: FileName,
    contentType: Type.String({ minLength: 1, maxLength: 255 }),
    size: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    checksum: Type.Optional({ ...Sha256, description: 'SHA-256 in hex; the upload is bound to it where the storage can' }),
    retention: Type.Optional({ ...OneOf(classRetentions), description: 'How long it is kept; PERMANENT where absent' }),
  },
  closed,
)
export const UploadIntentCreated = Type.Object(
  {
    asset: Asset,
    intent: UploadIntent,
    upload: Nullable(
      Type.Object(
        {
          url: Type.String({ description: 'A bearer token: never log it, never keep it' }),
          method: Type.Literal('PUT'),
          headers: Type.Record(Type.String(), Type.String()),
          expiresAt: Time,
        },
        { ...closed, description: 'Null where the intent is completed or cancelled' },
      ),
    ),
    replayed: Type.Boolean({ description: 'The same Idempotency-Key was sent before: this is that intent, with a fresh URL' }),
  },
  closed,
)
export const UploadIntentComplete = Type.Object({ checksum: Type.Optional(Sha256) }, closed)
export const UploadIntentCompleted = Type.Object({ asset: Asset, intent: UploadIntent }, closed)

export const AssetQuery = Type.Object(
  {
    ...PageQuery,
    app: Type.Optional(Slug('Only of this app')),
    companyId: Type.Optional(CompanyId),
    kind: Type.Optional(Slug('Only of this kind')),
    status: Type.Optional(OneOf(assetStatuses)),
  },
  closed,
)

/** Unique per asset, app, source type, source id and kind: linking again answers the link that is there. */
export const AssetLinkCreate = Type.Object(
  {
    app: Slug('Whose record it is'),
    companyId: Type.Optional(CompanyId),
    sourceType: Slug('What the app calls the kind of record'),
    sourceId: SourceId,
    kind: Slug('What the file is to the record'),
  },
  closed,
)
export const AssetLink = Type.Object(
  {
    id: Uuid,
    assetId: Uuid,
    app: Type.String(),
    companyId: Nullable(Type.String()),
    sourceType: Type.String(),
    sourceId: Type.String(),
    kind: Type.String(),
    createdAt: Time,
    createdBy: Type.String(),
  },
  closed,
)
export const AssetLinkQuery = Type.Object(PageQuery, closed)
export const AccessEventQuery = Type.Object(PageQuery, closed)
export const SignDownload = Type.Object({ disposition: Type.Optional(OneOf(['attachment', 'inline'] as const)) }, closed)
export const SignedDownload = Type.Object(
  {
    url: Type.String({ description: 'A bearer token: never log it, never keep it' }),
    expiresAt: Time,
    filename: Type.String(),
    contentType: Type.String(),
    size: Bytes,
    checksum: Type.String(),
  },
  closed,
)
/** `diagnostics`: object_missing · size_mismatch:EXPECTED:FOUND · checksum_missing · checksum_mismatch. Neither ids nor keys (C10). */
export const AssetVerification = Type.Object({ asset: Asset, ok: Type.Boolean(), diagnostics: Type.Array(Type.String()) }, closed)

export const accessEventKinds = ['read', 'sign', 'download', 'link', 'unlink', 'verify'] as const
export type AccessEventKind = (typeof accessEventKinds)[number]
export const AccessEvent = Type.Object(
  {
    id: Uuid,
    kind: OneOf(accessEventKinds),
    at: Time,
    result: OneOf(['ok', 'denied', 'failed'] as const),
    actor: Type.Object({ kind: Type.String(), id: Type.String(), name: Type.String() }, closed),
    requestId: Nullable(Type.String()),
    details: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
)

/** Aggregates alone: a report that may leave the house names no file (C10). */
export const EvidenceReport = Type.Object(
  {
    at: Time,
    groups: Type.Array(
      Type.Object(
        {
          status: OneOf(assetStatuses),
          scanStatus: OneOf(assetScanStatuses),
          checksumAlgorithm: Type.Literal('sha256'),
          assets: Type.Integer(),
          bytes: Bytes,
        },
        closed,
      ),
    ),
  },
  closed,
)

export type Asset = Static<typeof Asset>
export type UploadIntent = Static<typeof UploadIntent>
export type UploadIntentCreate = Static<typeof UploadIntentCreate>
export type UploadIntentCreated = Static<typeof UploadIntentCreated>
export type UploadIntentComplete = Static<typeof UploadIntentComplete>
export type UploadIntentCompleted = Static<typeof UploadIntentCompleted>
export type AssetLinkQuery = Static<typeof AssetLinkQuery>
export type AssetQuery = Static<typeof AssetQuery>
export type AssetLinkCreate = Static<typeof AssetLinkCreate>
export type AssetLink = Static<typeof AssetLink>
export type SignDownload = Static<typeof SignDownload>
export type SignedDownload = Static<typeof SignedDownload>
export type AssetVerification = Static<typeof AssetVerification>
export type AccessEventQuery = Static<typeof AccessEventQuery>
export type AccessEvent = Static<typeof AccessEvent>
export type EvidenceReport = Static<typeof EvidenceReport>
