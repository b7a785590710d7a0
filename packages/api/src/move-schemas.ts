import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { Bytes, closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

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

export type Migration = Static<typeof Migration>
export type MigrationCreate = Static<typeof MigrationCreate>
export type MigrationPlan = Static<typeof MigrationPlan>
export type Move = Static<typeof Move>
export type MoveQuery = Static<typeof MoveQuery>
