import { type Static, type TSchema, Type } from 'typebox'
import { DEFAULT_PAGE_LIMIT, MAX_NAME_BYTES, MAX_PAGE_LIMIT } from './limits.ts'
import { Bytes, closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

// One source for validation, types and OpenAPI.

export const Sha256 = Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'SHA-256 in hex; answers are lower case' })

export const roles = ['admin', 'examiner', 'viewer', 'auditor'] as const
export const RoleName = OneOf(roles)
export type RoleName = (typeof roles)[number]

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

export const Page = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item), nextCursor: Nullable(Type.String()) }, closed)
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE_LIMIT, default: DEFAULT_PAGE_LIMIT })),
  cursor: Type.Optional(Type.String({ maxLength: 512 })),
}

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
  },
  { $id: 'Problem', additionalProperties: true },
)

// ── who is asking ────────────────────────────────────────────────────────────────────────────────
export const Me = Type.Object(
  {
    kind: OneOf(['user', 'token'] as const),
    id: Type.String(),
    name: Type.String(),
    email: Nullable(Type.String()),
    role: RoleName,
    permissions: Type.Array(Type.String()),
    tenant: Type.Object({ id: Uuid, name: Type.String() }, closed),
  },
  closed,
)
export const SignInRequest = Type.Object(
  {
    email: Type.String({ minLength: 1, maxLength: 254 }),
    password: Type.String({ minLength: 1, maxLength: 128 }),
    rememberMe: Type.Optional(Type.Boolean({ description: 'false: the session ends with the browser; true when absent' })),
  },
  closed,
)
export const PasswordChange = Type.Object(
  {
    currentPassword: Type.String({ minLength: 1, maxLength: 128 }),
    newPassword: Type.String({ minLength: 10, maxLength: 128 }),
  },
  closed,
)
export const SetupState = Type.Object({ needed: Type.Boolean() }, closed)
export const SetupRequest = Type.Object(
  {
    code: Type.String({ minLength: 8, maxLength: 200, description: 'The one-time code that the server printed at start' }),
    name: Type.String({ minLength: 1, maxLength: 200 }),
    email: Type.String({ format: 'email', maxLength: 254 }),
    password: Type.String({ minLength: 10, maxLength: 128 }),
    organisation: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  closed,
)
export const Member = Type.Object(
  { userId: Type.String(), name: Type.String(), email: Type.String(), role: RoleName, createdAt: Time },
  closed,
)
export const MemberCreate = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    email: Type.String({ format: 'email', maxLength: 254 }),
    password: Type.String({ minLength: 10, maxLength: 128 }),
    role: RoleName,
  },
  closed,
)
export const MemberUpdate = Type.Object(
  {
    role: Type.Optional(RoleName),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    password: Type.Optional(Type.String({ minLength: 10, maxLength: 128, description: 'Signs the member out everywhere' })),
  },
  closed,
)
/** What a token can be limited to; of what a scope names, a token does only what its role allows too. */
export const tokenScopes = [
  'case.read',
  'case.write',
  'upload.read',
  'upload.write',
  'upload.delete',
  'hold.read',
  'hold.write',
  'webhook.read',
  'webhook.write',
  'audit.read',
  'storage.read',
] as const
export const TokenScope = OneOf(tokenScopes)
export type TokenScope = (typeof tokenScopes)[number]
export const Token = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    role: RoleName,
    scopes: Nullable(Type.Array(TokenScope, { description: 'null: all that the role allows' })),
    createdAt: Time,
    expiresAt: Nullable(Time),
    revokedAt: Nullable(Time),
    lastUsedAt: Nullable(Time),
  },
  closed,
)
export const TokenCreate = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    role: RoleName,
    scopes: Type.Optional(Type.Array(TokenScope, { minItems: 1, maxItems: tokenScopes.length, uniqueItems: true })),
    expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
  },
  closed,
)
export const TokenCreated = Type.Object(
  { token: Token, secret: Type.String({ description: 'Shown once; send it as Authorization: Bearer' }) },
  closed,
)

export const SystemInfo = Type.Object(
  {
    version: Type.String(),
    database: OneOf(['sqlite', 'postgres'] as const),
    publicUrl: Nullable(Type.String()),
    secureTierMaxBytes: Bytes,
  },
  closed,
)

// ── cases and items ──────────────────────────────────────────────────────────────────────────────
export const CaseNumber = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', description: 'Never changes, e.g. CASE-2026-003' })
export const Case = Type.Object(
  {
    id: Uuid,
    number: CaseNumber,
    title: Type.String(),
    description: Type.String(),
    createdAt: Time,
    createdBy: Type.String(),
    fileCount: Type.Integer(),
    totalBytes: Bytes,
    version: Type.Integer(),
  },
  closed,
)
export const CaseCreate = Type.Object(
  {
    number: CaseNumber,
    title: Type.String({ minLength: 1, maxLength: 300 }),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
  },
  closed,
)
export const CaseUpdate = Type.Object(
  { title: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })), description: Type.Optional(Type.String({ maxLength: 10_000 })) },
  closed,
)
export const CaseQuery = Type.Object(
  {
    ...PageQuery,
    q: Type.Optional(Type.String({ maxLength: 200, description: 'Part of number or title' })),
    number: Type.Optional(CaseNumber),
  },
  closed,
)
export const Item = Type.Object(
  {
    id: Uuid,
    caseId: Uuid,
    label: Type.String(),
    title: Type.String(),
    createdAt: Time,
    createdBy: Type.String(),
    fileCount: Type.Integer(),
    totalBytes: Bytes,
    version: Type.Integer(),
  },
  closed,
)
export const ItemCreate = Type.Object(
  {
    label: Type.String({ minLength: 1, maxLength: 64, description: 'The exhibit label, unique in the case' }),
    title: Type.String({ minLength: 1, maxLength: 300 }),
  },
  closed,
)
export const ItemUpdate = Type.Object({ title: Type.String({ minLength: 1, maxLength: 300 }) }, closed)

// ── files ────────────────────────────────────────────────────────────────────────────────────────
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
    name: Type.String({ minLength: 1, maxLength: MAX_NAME_BYTES }),
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

// ── moves between targets ────────────────────────────────────────────────────────────────────────
export const migrationStatuses = ['running', 'paused', 'done', 'cancelled'] as const
export const moveStatuses = ['copying', 'moved', 'failed', 'skipped'] as const
const NamedTarget = Type.Object({ id: Uuid, name: Type.String() }, closed)
const FilesAndBytes = Type.Object({ files: Type.Integer(), bytes: Bytes }, closed)
export const MigrationCreate = Type.Object({ fromTargetId: Uuid, toTargetId: Uuid }, closed)
export const MigrationPlan = Type.Object({ files: Type.Integer(), bytes: Bytes, freeQuotaBytes: Nullable(Bytes) }, closed)
export const Migration = Type.Object(
  {
    id: Uuid,
    from: NamedTarget,
    to: NamedTarget,
    status: OneOf(migrationStatuses),
    files: Type.Integer({ description: 'When it began' }),
    bytes: Bytes,
    moved: FilesAndBytes,
    failed: FilesAndBytes,
    skipped: FilesAndBytes,
    waiting: Nullable(
      Type.Object({ error: Type.String(), until: Time }, { ...closed, description: 'Why nothing moves now, and when it is tried again' }),
    ),
    createdBy: Type.String(),
    createdAt: Time,
    finishedAt: Nullable(Time),
  },
  closed,
)
export const Move = Type.Object(
  {
    id: Uuid,
    fileId: Uuid,
    fileName: Type.String(),
    caseId: Nullable(Uuid),
    itemId: Nullable(Uuid),
    status: OneOf(moveStatuses),
    bytes: Bytes,
    copiedBytes: Bytes,
    objectSha256: Nullable(Type.String({ description: 'Of the stored bytes, read back from both targets' })),
    error: Nullable(Type.String()),
    createdAt: Time,
    finishedAt: Nullable(Time),
  },
  closed,
)
export const MoveQuery = Type.Object({ ...PageQuery, status: Type.Optional(OneOf(moveStatuses)) }, closed)

// ── audit ────────────────────────────────────────────────────────────────────────────────────────
export const AuditEntry = Type.Object(
  {
    id: Uuid,
    index: Nullable(Type.Integer({ description: 'Leaf index in the log; null for the moments before it is sequenced' })),
    leafHash: Nullable(Type.String({ description: 'Hex, RFC 6962' })),
    at: Time,
    action: Type.String(),
    result: OneOf(['ok', 'denied', 'failed'] as const),
    actor: Type.Object({ kind: Type.String(), id: Type.String(), name: Type.String() }, closed),
    requestId: Nullable(Type.String()),
    caseId: Nullable(Type.String()),
    itemId: Nullable(Type.String()),
    fileId: Nullable(Type.String()),
    details: Type.Record(Type.String(), Type.Unknown()),
    redacted: Type.Array(OneOf(['actor', 'subject', 'details'] as const), { description: 'Parts that were erased since; the leaf stays' }),
  },
  closed,
)
export const AuditQuery = Type.Object(
  {
    ...PageQuery,
    action: Type.Optional(Type.String({ maxLength: 64 })),
    actorId: Type.Optional(Type.String({ maxLength: 64 })),
    caseId: Type.Optional(Uuid),
    fileId: Type.Optional(Uuid),
    result: Type.Optional(OneOf(['ok', 'denied', 'failed'] as const)),
    from: Type.Optional(Time),
    to: Type.Optional(Time),
  },
  closed,
)
export const AuditCheckpoint = Type.Object(
  {
    size: Type.Integer(),
    rootHash: Type.String({ description: 'base64' }),
    note: Type.String({ description: 'C2SP signed note' }),
    at: Time,
    verifierKey: Type.String(),
  },
  closed,
)
export const AuditProof = Type.Object(
  {
    entryId: Uuid,
    index: Type.Integer(),
    leaf: Type.String({ description: 'The leaf bytes, base64' }),
    proof: Type.String({ description: 'C2SP tlog-proof@v1 text' }),
  },
  closed,
)
export const AuditConsistency = Type.Object(
  {
    from: Type.Integer(),
    size: Type.Integer(),
    path: Type.Array(Type.String(), { description: 'Hashes in base64, RFC 6962 §2.1.2' }),
    note: Type.String({ description: 'The checkpoint of size, a C2SP signed note' }),
  },
  closed,
)
export const AuditVerification = Type.Object(
  {
    ok: Type.Boolean(),
    entries: Type.Integer(),
    pending: Type.Integer(),
    checkpoints: Type.Integer(),
    firstBad: Nullable(Type.Object({ index: Type.Integer(), entryId: Nullable(Type.String()), reason: Type.String() }, closed)),
  },
  closed,
)

// ── background jobs ──────────────────────────────────────────────────────────────────────────────
export const jobStatuses = ['queued', 'running', 'done', 'dead', 'cancelled'] as const
export const Job = Type.Object(
  {
    id: Uuid,
    kind: Type.String(),
    system: Type.Boolean({ description: 'Of no tenant: it can be seen here, and not be steered' }),
    status: OneOf(jobStatuses),
    attempts: Type.Integer(),
    progress: Nullable(Type.Record(Type.String(), Type.Unknown())),
    error: Nullable(Type.String()),
    runAt: Time,
    createdAt: Time,
    finishedAt: Nullable(Time),
  },
  closed,
)
export const JobQuery = Type.Object(
  { ...PageQuery, status: Type.Optional(OneOf(jobStatuses)), kind: Type.Optional(Type.String({ maxLength: 64 })) },
  closed,
)

export type Me = Static<typeof Me>
export type SystemInfo = Static<typeof SystemInfo>
export type SignInRequest = Static<typeof SignInRequest>
export type PasswordChange = Static<typeof PasswordChange>
export type Member = Static<typeof Member>
export type Token = Static<typeof Token>
export type TokenCreated = Static<typeof TokenCreated>
export type Case = Static<typeof Case>
export type CaseCreate = Static<typeof CaseCreate>
export type CaseUpdate = Static<typeof CaseUpdate>
export type Item = Static<typeof Item>
export type ItemCreate = Static<typeof ItemCreate>
export type File = Static<typeof File>
export type FileQuery = Static<typeof FileQuery>
export type Part = Static<typeof Part>
export type UploadSession = Static<typeof UploadSession>
export type UploadCreate = Static<typeof UploadCreate>
export type UploadComplete = Static<typeof UploadComplete>
export type AuditEntry = Static<typeof AuditEntry>
export type AuditQuery = Static<typeof AuditQuery>
export type AuditCheckpoint = Static<typeof AuditCheckpoint>
export type AuditProof = Static<typeof AuditProof>
export type AuditConsistency = Static<typeof AuditConsistency>
export type AuditVerification = Static<typeof AuditVerification>
export type Job = Static<typeof Job>
export type Migration = Static<typeof Migration>
export type MigrationCreate = Static<typeof MigrationCreate>
export type MigrationPlan = Static<typeof MigrationPlan>
export type Move = Static<typeof Move>
export type MoveQuery = Static<typeof MoveQuery>
export type SetupState = Static<typeof SetupState>
export type SetupRequest = Static<typeof SetupRequest>
export type MemberCreate = Static<typeof MemberCreate>
export type MemberUpdate = Static<typeof MemberUpdate>
export type TokenCreate = Static<typeof TokenCreate>
export type CaseQuery = Static<typeof CaseQuery>
export type ItemUpdate = Static<typeof ItemUpdate>
export type UploadQuery = Static<typeof UploadQuery>
export type JobQuery = Static<typeof JobQuery>
export type PageOf<T> = { items: T[]; nextCursor: string | null }
