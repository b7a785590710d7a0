import type { FileStatus, HashState, MalwareVerdict, RetentionName, Tier, ValidationFinding } from '@holdfast/api'
import { sql as raw } from 'kysely'
import { statesBefore, statesWithObject } from '../core/file-states.ts'
import type { Sql } from './database.ts'
import { isHeld } from './hold-cover.ts'
import { rowInsert } from './row-insert.ts'

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

/** A file with what an answer shows of its target and its upload. */
export type FileView = FileRow & {
  targetName: string
  targetKind: 'local' | 's3' | 'smb' | 'sftp'
  targetRemovedAt: number | null
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

const viewColumns = [
  ...fileColumns,
  'targets.name as targetName',
  'targets.kind as targetKind',
  'targets.removed_at as targetRemovedAt',
  'goals.name as syncTargetName',
  'goals.removed_at as syncTargetRemovedAt',
  'uploads.id as uploadId',
] as const

const toFlag = (value: boolean): 0 | 1 => (value ? 1 : 0)
const toJson = <T>(value: T): string | Extract<T, null | undefined> =>
  value === null || value === undefined ? (value as Extract<T, null | undefined>) : JSON.stringify(value)

const stored = (row: FileRow) => ({
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

const insertFile = rowInsert('files')

/** `undefined` members are left out of an update by Kysely; null ones are written. */
const storedChange = (change: FileChange) => ({
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

const typedView = (row: Omit<FileView, keyof AsStored | 'held'> & AsStored & { held: 0 | 1 }): FileView => ({
  ...typedFile(row),
  held: row.held === 1,
})

const isExpirable = raw<boolean>`expires_at is not null and deleted_at is null
  and status in ('READY', 'DAMAGED', 'REJECTED', 'FAILED') and not ${isHeld}`
const isNotHeld = raw<boolean>`not ${isHeld}`
/** Literal text, since a partial index serves a query only where its condition is recognised in it. */
const isToPurge = raw<boolean>`purged_at is null and status in ('DELETED', 'FAILED')`

const views = (sql: Sql) =>
  sql
    .selectFrom('files')
    .innerJoin('targets', 'targets.id', 'files.target_id')
    .leftJoin('targets as goals', 'goals.id', 'files.sync_target_id')
    .leftJoin('uploads', (join) => join.onRef('uploads.file_id', '=', 'files.id').onRef('uploads.tenant_id', '=', 'files.tenant_id'))
    .select(viewColumns)
    .select(raw<0 | 1>`case when ${isHeld} then 1 else 0 end`.as('held'))

/** Files of all tenants; every question that comes from a person names the tenant, and another tenant's file is not found. */
export const fileTable = (sql: Sql) => ({
  /** Null for deleted files too. */
  async find(tenantId: string, fileId: string): Promise<FileView | null> {
    const row = await views(sql)
      .where('files.tenant_id', '=', tenantId)
      .where('files.id', '=', fileId)
      .where('files.deleted_at', 'is', null)
      .executeTakeFirst()
    return row ? typedView(row) : null
  },

  /** Also the tombstone of a deleted file. */
  async findAny(tenantId: string, fileId: string): Promise<FileRow | null> {
    const row = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', tenantId)
      .where('id', '=', fileId)
      .executeTakeFirst()
    return row ? typedFile(row) : null
  },

  /** Newest first: those with an id below `before`. */
  async list(filter: FileFilter, page: { before: string | null; limit: number }): Promise<FileView[]> {
    let query = views(sql).where('files.tenant_id', '=', filter.tenantId).where('files.deleted_at', 'is', null)
    if (filter.caseId !== undefined) query = query.where('files.case_id', '=', filter.caseId)
    if (filter.itemId !== undefined) query = query.where('files.item_id', filter.itemId === null ? 'is' : '=', filter.itemId)
    if (filter.tier !== undefined) query = query.where('files.tier', '=', filter.tier)
    if (filter.status !== undefined) query = query.where('files.status', '=', filter.status)
    if (page.before !== null) query = query.where('files.id', '<', page.before)
    // As text, so that PostgreSQL knows how few rows are wanted when it plans for any values and keeps that plan.
    return (await query.orderBy('files.id', 'desc').limit(raw.lit(page.limit)).execute()).map(typedView)
  },

  async insert(row: FileRow): Promise<void> {
    await insertFile(sql, stored(row))
  },

  /**
   * False, and nothing changed, where the file is in no state that leads to `to`, or not there; for DAMAGED also where its object
   * has moved away from `targetId`, since what was read there says nothing of it any more; and for DELETED where a legal hold covers it.
   */
  async become(file: { tenantId: string; id: string; targetId?: string }, to: FileStatus, change: FileChange = {}): Promise<boolean> {
    let update = sql
      .updateTable('files')
      .set((eb) => ({ status: to, version: eb('version', '+', 1), ...storedChange(change) }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('status', 'in', [...statesBefore(to)])
      .where('deleted_at', 'is', null)
    if (to === 'DELETED') update = update.where(isNotHeld)
    if (to === 'DAMAGED' && file.targetId !== undefined) update = update.where('target_id', '=', file.targetId)
    const result = await update.executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** What an answer shows of the file changed elsewhere. */
  async bump(file: { tenantId: string; id: string }): Promise<void> {
    await sql
      .updateTable('files')
      .set((eb) => ({ version: eb('version', '+', 1) }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .execute()
  },

  /** The object does not count any more: another has taken its place. */
  async supersede(
    file: { tenantId: string; id: string },
    change: { by: string; retention: RetentionName; expiresAt: number | null },
  ): Promise<void> {
    await sql
      .updateTable('files')
      .set((eb) => ({
        is_current: 0 as const,
        superseded_by: change.by,
        retention: change.retention,
        expires_at: change.expiresAt,
        version: eb('version', '+', 1),
      }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('is_current', '=', 1)
      .execute()
  },

  /** The object of a READY file is at another target from now on. DatabaseConflict where its key is another file's there. False where the file is not READY at `from` any more. */
  async moveTo(file: { tenantId: string; id: string }, change: { from: string; to: string; seen: SeenObject }): Promise<boolean> {
    const result = await sql
      .updateTable('files')
      .set((eb) => ({
        target_id: change.to,
        ...storedChange(change.seen),
        version: eb('version', '+', 1),
        sync_target_id: eb.case().when('sync_target_id', '=', change.to).then(null).else(eb.ref('sync_target_id')).end(),
      }))
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('target_id', '=', change.from)
      .where('status', '=', 'READY')
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },

  /** The file no longer waits for a sync; answers what was reserved for it there, or null where it did not wait. */
  async giveUpSync(file: { tenantId: string; id: string }): Promise<{ targetId: string; bytes: number } | null> {
    const row = await sql
      .selectFrom('files')
      .select(['sync_target_id', 'object_size'])
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('sync_target_id', 'is not', null)
      .executeTakeFirst()
    if (!row?.sync_target_id) return null
    await sql.updateTable('files').set({ sync_target_id: null }).where('tenant_id', '=', file.tenantId).where('id', '=', file.id).execute()
    return { targetId: row.sync_target_id, bytes: row.object_size }
  },

  /** Bytes that are reserved at each target for files that are still staged elsewhere. */
  async reservedForSync(): Promise<Map<string, number>> {
    const rows = await sql
      .selectFrom('files')
      .select((eb) => ['sync_target_id as targetId', eb.fn.sum<number | string>('object_size').as('bytes')])
      .where('sync_target_id', 'is not', null)
      .groupBy('sync_target_id')
      .execute()
    return new Map(rows.map((row) => [row.targetId ?? '', Number(row.bytes)]))
  },

  /** Stored files of a target by id: what a migration has to move. */
  async pageOfTarget(place: { tenantId: string; targetId: string }, after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', place.tenantId)
      .where('target_id', '=', place.targetId)
      .where('status', '=', 'READY')
      .where('deleted_at', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  /** How many stored files a target has, and their bytes. */
  async countOfTarget(place: { tenantId: string; targetId: string }): Promise<{ files: number; bytes: number }> {
    const row = await sql
      .selectFrom('files')
      .select((eb) => [eb.fn.countAll<number | string>().as('files'), eb.fn.sum<number | string | null>('object_size').as('bytes')])
      .where('tenant_id', '=', place.tenantId)
      .where('target_id', '=', place.targetId)
      .where('status', '=', 'READY')
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow()
    return { files: Number(row.files), bytes: Number(row.bytes ?? 0) }
  },

  /** READY files that still lie where they were staged and whose target is in use, of all tenants, by id. */
  async pageToSync(after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .innerJoin('targets', 'targets.id', 'files.sync_target_id')
      .select(fileColumns)
      .where('files.sync_target_id', 'is not', null)
      .where('targets.removed_at', 'is', null)
      .where('files.status', '=', 'READY')
      .where('files.deleted_at', 'is', null)
      .where('files.id', '>', after)
      .orderBy('files.id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  /** Keeps the digest that the sender declared, before the first one is kept. */
  async declare(file: { tenantId: string; id: string }, sha256: string): Promise<void> {
    await sql
      .updateTable('files')
      .set({ declared_sha256: sha256 })
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('declared_sha256', 'is', null)
      .execute()
  },

  /** Notes another successful verification of a READY file. */
  async markVerified(file: { tenantId: string; id: string }, at: number): Promise<void> {
    await sql
      .updateTable('files')
      .set({ verified_at: at })
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('status', '=', 'READY')
      .execute()
  },

  async markPurged(file: { tenantId: string; id: string }, at: number): Promise<void> {
    await sql
      .updateTable('files')
      .set({ purged_at: at })
      .where('tenant_id', '=', file.tenantId)
      .where('id', '=', file.id)
      .where('purged_at', 'is', null)
      .execute()
  },

  /** All files of all tenants by id, tombstones among them: for check and sweep. */
  async pageOfAll(after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql.selectFrom('files').select(fileColumns).where('id', '>', after).orderBy('id').limit(limit).execute()
    return rows.map(typedFile)
  },

  /** Files that are deleted or failed and whose object has not been seen to be gone; a failed one under a legal hold keeps it. */
  async pageToPurge(after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('id', '>', after)
      .where(isToPurge)
      .where(raw<boolean>`(status = 'DELETED' or not ${isHeld})`)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  /**
   * Files that expired at or before `now` and that nothing holds, those that expired first come first; those after `after`. Files whose
   * bytes still arrive or are being verified are not among them.
   */
  async pageExpired(now: number, after: { expiresAt: number; id: string } | null, limit: number): Promise<FileRow[]> {
    let query = sql.selectFrom('files').select(fileColumns).where(isExpirable).where('expires_at', '<=', now)
    if (after !== null) query = query.where(raw<boolean>`(expires_at, id) > (${after.expiresAt}, ${after.id})`)
    return (await query.orderBy('expires_at').orderBy('id').limit(limit).execute()).map(typedFile)
  },

  /** Those of `files` that are so still, as they are now. */
  async stillExpired(files: readonly { id: string }[], now: number): Promise<FileRow[]> {
    if (files.length === 0) return []
    const ids = files.map(({ id }) => id)
    const query = sql.selectFrom('files').select(fileColumns).where('id', 'in', ids).where(isExpirable).where('expires_at', '<=', now)
    return (await query.orderBy('id').execute()).map(typedFile)
  },

  async pageByStatus(status: FileStatus, after: string, limit: number): Promise<FileRow[]> {
    const rows = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('status', '=', status)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    return rows.map(typedFile)
  },

  /** Live files of a case, or of one item, by id. */
  async pageOfOwner(owner: { tenantId: string; caseId: string; itemId?: string }, after: string, limit: number): Promise<FileRow[]> {
    let query = sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', owner.tenantId)
      .where('case_id', '=', owner.caseId)
      .where('deleted_at', 'is', null)
      .where('id', '>', after)
    if (owner.itemId !== undefined) query = query.where('item_id', '=', owner.itemId)
    return (await query.orderBy('id').limit(limit).execute()).map(typedFile)
  },

  /** The file whose object lies, or will or may still lie, under this key at the target: no other may use it until that is purged. */
  async findHolder(targetId: string, objectKey: string): Promise<FileRow | null> {
    const row = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('target_id', '=', targetId)
      .where('object_key', '=', objectKey)
      .where('purged_at', 'is', null)
      .executeTakeFirst()
    return row ? typedFile(row) : null
  },

  /** The row that names this object; null where nothing does. */
  async findByKey(tenantId: string, objectKey: string): Promise<FileRow | null> {
    const row = await sql
      .selectFrom('files')
      .select(fileColumns)
      .where('tenant_id', '=', tenantId)
      .where('object_key', '=', objectKey)
      .executeTakeFirst()
    return row ? typedFile(row) : null
  },

  /** Bytes that the objects of live files take at each target: what `used_bytes` has to say. */
  async usageByTarget(): Promise<Map<string, number>> {
    const rows = await sql
      .selectFrom('files')
      .select((eb) => ['target_id as targetId', eb.fn.sum<number | string>('object_size').as('bytes')])
      .where('status', 'in', [...statesWithObject])
      .where('deleted_at', 'is', null)
      .groupBy('target_id')
      .execute()
    return new Map(rows.map((row) => [row.targetId, Number(row.bytes)]))
  },
})

export type FileTable = ReturnType<typeof fileTable>
