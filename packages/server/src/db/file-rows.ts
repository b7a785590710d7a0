import type { FileStatus, HashState, MalwareVerdict, RetentionName, Tier, ValidationFinding } from '@holdfast/api'

export type FileRow = {
  id: string
  tenantId: string
  caseId: string | null
  itemId: string | null
  tier: Tier
  name: string
  contentType: string
  size: number
  status: FileStatus
  statusReason: string | null
  targetId: string
  objectKey: string
  objectSize: number
  container: 'floe' | null
  entityKeyId: string | null
  wrappedKey: Uint8Array | null
  sha256: string | null
  declaredSha256: string | null
  verifiedAt: number | null
  uploadedBy: string
  createdAt: number
  readyAt: number | null
  deletedAt: number | null
  purgedAt: number | null
  /** Where the object goes from where it was staged; null once it is there. */
  syncTargetId: string | null
  version: number
  hashState: HashState
  /** What the object was found to hold where that is not `sha256`. */
  diskSha256: string | null
  atRest: 'sse-kms' | 'sse-s3' | null
  objectEtag: string | null
  objectModifiedAt: number | null
  discovered: boolean
  missingAt: number | null
  /** The record of an app that the object belongs to; null for files of cases, as is all that follows. */
  ownerType: string | null
  ownerId: string | null
  objectClass: string | null
  /** Its class has one current object an owner. */
  replaceable: boolean
  isCurrent: boolean
  retention: RetentionName | null
  expiresAt: number | null
  /** What validation found against it; null before it ran. */
  validation: readonly ValidationFinding[] | null
  malware: MalwareVerdict | null
  supersededBy: string | null
}

/** What a file of a case that is only just begun says of an object that it does not have yet, and of owners and classes, which it never has. */
export const noObjectYet = {
  hashState: 'none',
  diskSha256: null,
  atRest: null,
  objectEtag: null,
  objectModifiedAt: null,
  discovered: false,
  missingAt: null,
  ownerType: null,
  ownerId: null,
  objectClass: null,
  replaceable: false,
  isCurrent: false,
  retention: null,
  expiresAt: null,
  validation: null,
  malware: null,
  supersededBy: null,
} as const satisfies Partial<FileRow>

/** A file with the target that its object is at. */
export type FileAtTarget = FileRow & {
  targetName: string
  targetKind: 'local' | 's3' | 'smb' | 'sftp'
  targetRemovedAt: number | null
}

/** A file with what an answer shows of its target and its upload. */
export type FileView = FileAtTarget & {
  syncTargetName: string | null
  syncTargetRemovedAt: number | null
  uploadId: string | null
  /** A legal hold covers it. */
  held: boolean
}

/** Members of a row that change together with its status. */
export type FileChange = Partial<
  Pick<
    FileRow,
    | 'statusReason'
    | 'sha256'
    | 'declaredSha256'
    | 'verifiedAt'
    | 'readyAt'
    | 'deletedAt'
    | 'purgedAt'
    | 'wrappedKey'
    | 'size'
    | 'objectSize'
    | 'hashState'
    | 'diskSha256'
    | 'atRest'
    | 'objectEtag'
    | 'objectModifiedAt'
    | 'missingAt'
    | 'isCurrent'
    | 'retention'
    | 'expiresAt'
    | 'validation'
    | 'malware'
    | 'supersededBy'
    | 'objectKey'
  >
>

/** What is known of an object from a look at it. */
export type SeenObject = Pick<FileChange, 'objectEtag' | 'objectModifiedAt' | 'atRest' | 'hashState' | 'diskSha256'>

export type FileFilter = {
  tenantId: string
  caseId?: string | undefined
  /** null: files of the case itself. */
  itemId?: string | null | undefined
  tier?: Tier | undefined
  status?: FileStatus | undefined
}

/** Also for `objects`, which are files too. */
export const fileColumns = [
  'files.id',
  'files.tenant_id as tenantId',
  'files.case_id as caseId',
  'files.item_id as itemId',
  'files.tier',
  'files.name',
  'files.content_type as contentType',
  'files.size',
  'files.status',
  'files.status_reason as statusReason',
  'files.target_id as targetId',
  'files.object_key as objectKey',
  'files.object_size as objectSize',
  'files.container',
  'files.entity_key_id as entityKeyId',
  'files.wrapped_key as wrappedKey',
  'files.sha256',
  'files.declared_sha256 as declaredSha256',
  'files.verified_at as verifiedAt',
  'files.uploaded_by as uploadedBy',
  'files.created_at as createdAt',
  'files.ready_at as readyAt',
  'files.deleted_at as deletedAt',
  'files.purged_at as purgedAt',
  'files.sync_target_id as syncTargetId',
  'files.version',
  'files.hash_state as hashState',
  'files.disk_sha256 as diskSha256',
  'files.at_rest as atRest',
  'files.object_etag as objectEtag',
  'files.object_modified_at as objectModifiedAt',
  'files.discovered',
  'files.missing_at as missingAt',
  'files.owner_type as ownerType',
  'files.owner_id as ownerId',
  'files.object_class as objectClass',
  'files.replaceable',
  'files.is_current as isCurrent',
  'files.retention',
  'files.expires_at as expiresAt',
  'files.validation',
  'files.malware',
  'files.superseded_by as supersededBy',
] as const

const toFlag = (value: boolean): 0 | 1 => (value ? 1 : 0)
const toJson = <T>(value: T): string | Extract<T, null | undefined> =>
  value === null || value === undefined ? (value as Extract<T, null | undefined>) : JSON.stringify(value)

export const stored = (row: FileRow) => ({
  id: row.id,
  tenant_id: row.tenantId,
  case_id: row.caseId,
  item_id: row.itemId,
  tier: row.tier,
  name: row.name,
  content_type: row.contentType,
  size: row.size,
  status: row.status,
  status_reason: row.statusReason,
  target_id: row.targetId,
  object_key: row.objectKey,
  object_size: row.objectSize,
  container: row.container,
  entity_key_id: row.entityKeyId,
  wrapped_key: row.wrappedKey,
  sha256: row.sha256,
  declared_sha256: row.declaredSha256,
  verified_at: row.verifiedAt,
  uploaded_by: row.uploadedBy,
  created_at: row.createdAt,
  ready_at: row.readyAt,
  deleted_at: row.deletedAt,
  purged_at: row.purgedAt,
  sync_target_id: row.syncTargetId,
  version: row.version,
  hash_state: row.hashState,
  disk_sha256: row.diskSha256,
  at_rest: row.atRest,
  object_etag: row.objectEtag,
  object_modified_at: row.objectModifiedAt,
  discovered: toFlag(row.discovered),
  missing_at: row.missingAt,
  owner_type: row.ownerType,
  owner_id: row.ownerId,
  object_class: row.objectClass,
  replaceable: toFlag(row.replaceable),
  is_current: toFlag(row.isCurrent),
  retention: row.retention,
  expires_at: row.expiresAt,
  validation: toJson(row.validation),
  malware: toJson(row.malware),
  superseded_by: row.supersededBy,
})

/** `undefined` members are left out of an update by Kysely; null ones are written. */
export const storedChange = (change: FileChange) => ({
  status_reason: change.statusReason,
  sha256: change.sha256,
  declared_sha256: change.declaredSha256,
  verified_at: change.verifiedAt,
  ready_at: change.readyAt,
  deleted_at: change.deletedAt,
  wrapped_key: change.wrappedKey,
  purged_at: change.purgedAt,
  size: change.size,
  object_size: change.objectSize,
  hash_state: change.hashState,
  disk_sha256: change.diskSha256,
  at_rest: change.atRest,
  object_etag: change.objectEtag,
  object_modified_at: change.objectModifiedAt,
  missing_at: change.missingAt,
  is_current: change.isCurrent === undefined ? undefined : toFlag(change.isCurrent),
  retention: change.retention,
  expires_at: change.expiresAt,
  validation: toJson(change.validation),
  malware: toJson(change.malware),
  superseded_by: change.supersededBy,
  object_key: change.objectKey,
})

/** Columns that the database keeps in another shape than a row has. */
export type AsStored = {
  status: string
  discovered: 0 | 1
  replaceable: 0 | 1
  isCurrent: 0 | 1
  validation: string | null
  malware: string | null
}

/** The status column holds what `FileStatus` names and nothing else. */
export const typedFile = <T extends AsStored>(row: T): Omit<T, keyof AsStored> & Pick<FileRow, keyof AsStored> => ({
  ...row,
  status: row.status as FileStatus,
  discovered: row.discovered === 1,
  replaceable: row.replaceable === 1,
  isCurrent: row.isCurrent === 1,
  validation: row.validation === null ? null : (JSON.parse(row.validation) as ValidationFinding[]),
  malware: row.malware === null ? null : (JSON.parse(row.malware) as MalwareVerdict),
})
