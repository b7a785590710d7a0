import { type Static, Type } from 'typebox'
import { fileStatuses } from './file-schemas.ts'
import { PageQuery } from './page-schemas.ts'
import { Bytes, closed, FileName, Nullable, OneOf, Sha256, Time, Uuid } from './shapes.ts'

// ── objects: what apps store through the API ─────────────────────────────────────────────────────
export const retentions = [
  'PERMANENT',
  'COMPLIANCE_ARCHIVE',
  'SUPERSEDED_30D',
  'TEMP_UPLOAD_24H',
  'FAILED_UPLOAD_7D',
  'IMPORT_ARTIFACT_90D',
  'LEGAL_HOLD',
] as const
export type RetentionName = (typeof retentions)[number]
/** What a class can ask for; the others come about by themselves. */
export const classRetentions = ['PERMANENT', 'COMPLIANCE_ARCHIVE', 'TEMP_UPLOAD_24H', 'IMPORT_ARTIFACT_90D'] as const

/** `object`: protected by the bucket where there is one, sealed elsewhere · `secure`: always through this server, and sealed. */
export const objectTiers = ['object', 'secure'] as const
/** What becomes of an object in which malware was found: rejected, or kept and served as an attachment only (O17). */
export const malwarePolicies = ['reject', 'keep'] as const

const ClassName = Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,63}$', description: 'Capitals, digits and _' })
const ContentType = Type.String({ pattern: '^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$' })
const classMembers = {
  description: Type.String({ maxLength: 500 }),
  contentTypes: Type.Array(ContentType, { minItems: 1, maxItems: 100, uniqueItems: true }),
  maxBytes: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  retention: OneOf(classRetentions),
  replaceable: Type.Boolean({ description: 'A new READY object takes the place of the current one of the same owner' }),
  tier: OneOf(objectTiers),
  malware: OneOf(malwarePolicies),
}
export const ObjectClass = Type.Object(
  {
    name: ClassName,
    source: OneOf(['builtin', 'file', 'own'] as const),
    ...classMembers,
    createdAt: Nullable(Time),
    version: Type.Integer(),
  },
  closed,
)
const optional = {
  description: Type.Optional(classMembers.description),
  retention: Type.Optional(classMembers.retention),
  replaceable: Type.Optional(classMembers.replaceable),
  tier: Type.Optional(classMembers.tier),
  malware: Type.Optional(classMembers.malware),
}
export const ObjectClassCreate = Type.Object(
  { name: ClassName, contentTypes: classMembers.contentTypes, maxBytes: classMembers.maxBytes, ...optional },
  closed,
)
export const ObjectClassUpdate = Type.Object(
  { contentTypes: Type.Optional(classMembers.contentTypes), maxBytes: Type.Optional(classMembers.maxBytes), ...optional },
  closed,
)

/** What a validator found against an object: `code` for programs, `message` for people, who can act on it. */
export const ValidationFinding = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    at: Nullable(Type.String({ description: "Where: a line, an element, an entry's name or an offset" })),
  },
  closed,
)
export const malwareVerdicts = ['clean', 'infected', 'not-scanned'] as const
export const MalwareVerdict = Type.Object(
  {
    verdict: OneOf(malwareVerdicts),
    signature: Nullable(Type.String({ description: 'What was found' })),
    reason: Nullable(Type.String({ description: 'Why it was not scanned' })),
    engine: Nullable(Type.String()),
    signaturesAt: Nullable(Time),
  },
  closed,
)

const OwnerType = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$', description: 'What the app calls the kind of record' })
const OwnerId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$',
  description: 'The id of the record in the app; it is part of the storage key',
})
const Md5 = Type.String({ pattern: '^[0-9a-fA-F]{32}$', description: 'MD5 in hex' })

export const StoredObject = Type.Object(
  {
    id: Uuid,
    storageKey: Type.String(),
    status: OneOf(fileStatuses),
    statusReason: Nullable(Type.String()),
    objectClass: Type.String(),
    ownerEntityType: Type.String(),
    ownerEntityId: Type.String(),
    originalFilename: Type.String(),
    contentType: Type.String(),
    fileSize: Bytes,
    isCurrent: Type.Boolean(),
    held: Type.Boolean({ description: 'A legal hold covers it: it cannot be deleted' }),
    retention: OneOf(retentions),
    expiresAt: Nullable(Time),
    checksums: Type.Object({ sha256: Nullable(Type.String({ description: 'Computed by the server from the stored bytes' })) }, closed),
    protection: OneOf(['sealed', 'sse-kms', 'sse-s3', 'storage'] as const),
    validation: Nullable(Type.Array(ValidationFinding, { description: 'Why it was rejected; empty where nothing was found' })),
    malware: Nullable(MalwareVerdict),
    missingSince: Nullable({ ...Time, description: 'When its object was found to be gone from its storage target' }),
    supersededBy: Nullable(Uuid),
    uploadedBy: Type.String(),
    createdAt: Time,
    readyAt: Nullable(Time),
    version: Type.Integer(),
  },
  closed,
)

export const ObjectInitiate = Type.Object(
  {
    objectClass: ClassName,
    ownerEntityType: OwnerType,
    ownerEntityId: OwnerId,
    originalFilename: FileName,
    contentType: Type.String({ minLength: 1, maxLength: 255 }),
    fileSize: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    checksums: Type.Optional(
      Type.Object({ sha256: Sha256 }, { ...closed, description: 'Known beforehand, the upload URL is bound to it where the storage can' }),
    ),
  },
  closed,
)
export const ObjectInitiated = Type.Object(
  {
    storedObject: StoredObject,
    uploadUrl: Type.String({ description: 'A bearer token: never log it, never keep it' }),
    uploadUrlExpiresAt: Time,
    uploadMethod: Type.Literal('PUT'),
    uploadHeaders: Type.Record(Type.String(), Type.String(), {
      description: 'To be sent as they are; a browser sets content-length itself',
    }),
    sessionId: Uuid,
  },
  closed,
)
export const ObjectComplete = Type.Object(
  {
    checksum: Type.Optional(Md5),
    checksums: Type.Optional(Type.Object({ sha256: Type.Optional(Sha256), md5: Type.Optional(Md5) }, closed)),
  },
  closed,
)
export const ObjectQuery = Type.Object(
  {
    ...PageQuery,
    ownerEntityType: Type.Optional(OwnerType),
    ownerEntityId: Type.Optional(OwnerId),
    isCurrent: Type.Optional(Type.Boolean()),
    objectClass: Type.Optional(ClassName),
    status: Type.Optional(OneOf(fileStatuses)),
    held: Type.Optional(Type.Boolean({ description: 'true: those that a legal hold covers; false: those that none covers' })),
  },
  closed,
)
export const ObjectDownloadQuery = Type.Object({ disposition: Type.Optional(OneOf(['attachment', 'inline'] as const)) }, closed)
export const ObjectDownload = Type.Object(
  {
    downloadUrl: Type.String({ description: 'A bearer token: never log it, never keep it' }),
    expiresAt: Time,
    contentType: Type.String(),
    originalFilename: Type.String(),
    fileSize: Type.String({ description: 'Bytes in decimal' }),
  },
  closed,
)

export type ObjectClass = Static<typeof ObjectClass>
export type ObjectClassCreate = Static<typeof ObjectClassCreate>
export type ObjectClassUpdate = Static<typeof ObjectClassUpdate>
export type ValidationFinding = Static<typeof ValidationFinding>
export type MalwareVerdict = Static<typeof MalwareVerdict>
export type StoredObject = Static<typeof StoredObject>
export type ObjectInitiate = Static<typeof ObjectInitiate>
export type ObjectInitiated = Static<typeof ObjectInitiated>
export type ObjectComplete = Static<typeof ObjectComplete>
export type ObjectQuery = Static<typeof ObjectQuery>
export type ObjectDownloadQuery = Static<typeof ObjectDownloadQuery>
export type ObjectDownload = Static<typeof ObjectDownload>
