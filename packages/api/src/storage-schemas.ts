import { type Static, Type } from 'typebox'
import { Bytes, closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

// ── storage targets ──────────────────────────────────────────────────────────────────────────────
export const targetKinds = ['local', 's3', 'smb', 'sftp'] as const
export type TargetKindName = (typeof targetKinds)[number]
/** The built-in Local target is made with its tenant; no other of its kind is. */
export const remoteTargetKinds = ['s3', 'smb', 'sftp'] as const
export type RemoteTargetKind = (typeof remoteTargetKinds)[number]

export const TestStep = Type.Object(
  {
    name: Type.String(),
    ok: Type.Boolean(),
    milliseconds: Type.Number(),
    detail: Nullable(Type.String()),
    remedy: Nullable(Type.String()),
  },
  closed,
)
export const TargetTest = Type.Object({ ok: Type.Boolean(), at: Time, steps: Type.Array(TestStep) }, closed)

/** What one target can do, found out by trying (T12). */
export const TargetCapabilities = Type.Object(
  {
    at: Time,
    conditionalWrites: Type.Boolean({ description: 'A write that says "only if absent" never overwrites' }),
    verifiesSha256: Type.Boolean({ description: 'It refuses bytes that do not match the SHA-256 that comes with them' }),
    versioning: Nullable(
      Type.Boolean({ description: 'Deleted and replaced objects are kept as versions; null where it may not be asked' }),
    ),
    objectLock: Type.Boolean({ description: 'It can hold objects against deletion by itself' }),
    encryptionAtRest: Nullable(OneOf(['sse-kms', 'sse-s3'] as const)),
    cors: Nullable(Type.Boolean({ description: 'Browsers at this origin may send parts straight to it; null where it was not asked' })),
    leastPartBytes: Type.Integer(),
    mostParts: Nullable(Type.Integer()),
    presign: Type.Boolean(),
    serverCopy: Type.Boolean(),
  },
  closed,
)
export const TargetTestResult = Type.Object(
  {
    ...TargetTest.properties,
    hostKey: Nullable(
      Type.String({
        description: 'What an SFTP server showed: algorithm and fingerprint. Compare it out of band, then save it as place.hostKey',
      }),
    ),
    capabilities: Nullable(TargetCapabilities),
  },
  closed,
)

const TargetName = Type.String({ minLength: 1, maxLength: 200 })
const Place = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'Connection fields without secrets. s3: endpoint, region, bucket, prefix, kmsKeyId, verifyCertificate. ' +
    'smb: host, port, share, folder, user, domain. sftp: host, port, user, directory, hostKey.',
})
const Secrets = Nullable(
  Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 32_768 }), {
    description:
      'Write-only. s3: accessKeyId and secretAccessKey, or null for the IAM role of the server. smb: password. ' +
      'sftp: either password, or privateKey and passphrase.',
  }),
)
export const Target = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    kind: OneOf(targetKinds),
    builtin: Type.Boolean(),
    place: Place,
    hasCredentials: Type.Boolean(),
    quotaBytes: Nullable(Bytes),
    usedBytes: Bytes,
    reservedBytes: Bytes,
    freeBytes: Nullable(Bytes),
    lastPassAt: Nullable(Time),
    lastTestAt: Nullable(Time),
    lastTestOk: Nullable(Type.Boolean()),
    capabilities: Nullable(TargetCapabilities),
    roles: Type.Array(Type.String()),
    fileCount: Type.Integer(),
    stagedCount: Type.Integer({ description: 'Files that are still to be brought here from where they were staged' }),
    removedAt: Nullable(Time),
    version: Type.Integer(),
  },
  closed,
)
export const TargetCreate = Type.Object(
  { name: TargetName, kind: OneOf(remoteTargetKinds), place: Place, credentials: Secrets, quotaBytes: Type.Optional(Nullable(Bytes)) },
  closed,
)
export const TargetUpdate = Type.Object(
  {
    name: Type.Optional(TargetName),
    quotaBytes: Type.Optional(Nullable(Bytes)),
    place: Type.Optional(Place),
    credentials: Type.Optional(Secrets),
  },
  closed,
)
/** Fields of a form that are to be tried and not kept. */
export const TargetTry = Type.Object(
  {
    kind: OneOf(remoteTargetKinds),
    place: Place,
    credentials: Type.Optional(Secrets),
    targetId: Type.Optional({ ...Uuid, description: 'Without credentials: try those of this target, at the place where it is' }),
  },
  closed,
)
export const TargetQuery = { removed: Type.Optional(Type.Boolean({ description: 'true: those that were deleted and still have files' })) }

/** What an administrator of the bucket copies (T11). */
export const S3PolicyQuery = Type.Object(
  {
    bucket: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$' }),
    prefix: Type.Optional(Type.String({ maxLength: 200 })),
    region: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9-]{0,64}$' })),
    kmsKeyId: Type.Optional(Type.String({ maxLength: 2048 })),
    origin: Type.Optional(Type.String({ pattern: '^https?://[^/\\s"*]{1,260}$', description: 'Where browsers see this server' })),
  },
  closed,
)
export const S3Policy = Type.Object(
  {
    policy: Type.Record(Type.String(), Type.Unknown(), { description: 'The IAM policy document' }),
    cors: Nullable(
      Type.Array(Type.Record(Type.String(), Type.Unknown()), { description: 'CORS rules of the bucket; null where no origin is known' }),
    ),
    origin: Nullable(Type.String()),
  },
  closed,
)

// ── roles ────────────────────────────────────────────────────────────────────────────────────────
export const storageRoles = ['encrypted', 'direct', 'backup', 'objects'] as const
export const StorageRole = OneOf(storageRoles)
export type StorageRole = (typeof storageRoles)[number]
export const RoleBinding = Type.Object(
  {
    role: StorageRole,
    targetId: Nullable(Uuid),
    prefix: Type.String({ description: 'What every key of the role begins with' }),
    staged: Type.Boolean({ description: 'New files are stored on this server first and moved to the target from there' }),
    eligible: Type.Array(
      Type.Object(
        {
          targetId: Uuid,
          name: Type.String(),
          ok: Type.Boolean(),
          reason: Nullable(Type.String()),
          stagedByDefault: Nullable(
            Type.Boolean({ description: 'What staged is where it is not given; null where staging makes no sense' }),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
)
export const RoleBind = Type.Object(
  {
    targetId: Nullable(Uuid),
    staged: Type.Optional(Type.Boolean({ description: 'Without it: as it is for this target now, else what stagedByDefault says' })),
  },
  closed,
)

export type TestStep = Static<typeof TestStep>
export type TargetTest = Static<typeof TargetTest>
export type TargetTestResult = Static<typeof TargetTestResult>
export type TargetCapabilities = Static<typeof TargetCapabilities>
export type Target = Static<typeof Target>
export type TargetCreate = Static<typeof TargetCreate>
export type TargetUpdate = Static<typeof TargetUpdate>
export type TargetTry = Static<typeof TargetTry>
export type S3PolicyQuery = Static<typeof S3PolicyQuery>
export type S3Policy = Static<typeof S3Policy>
export type RoleBinding = Static<typeof RoleBinding>
export type RoleBind = Static<typeof RoleBind>
