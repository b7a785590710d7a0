import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { Bytes, closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

// ── reconciliation of what lies at a target with the records of it, both ways ────────────────────
export const reconciliationStatuses = ['reporting', 'reported', 'applying', 'applied', 'failed', 'cancelled'] as const
export type ReconciliationStatus = (typeof reconciliationStatuses)[number]

/** `leftover` and `unrecorded` are surely ours and of no file, and so may be removed; all others are reported alone. */
export const reconciliationKinds = ['leftover', 'unrecorded', 'unclear', 'missing', 'returned', 'size'] as const
export type ReconciliationKind = (typeof reconciliationKinds)[number]

const Group = Type.Object({ count: Type.Integer(), bytes: Bytes }, closed)
export const Reconciliation = Type.Object(
  {
    id: Uuid,
    target: Type.Object({ id: Uuid, name: Type.String() }, closed),
    status: OneOf(reconciliationStatuses),
    objects: Type.Integer({ description: 'Objects at the target that were looked at so far' }),
    files: Type.Integer({ description: 'Files of the target that were looked at so far' }),
    leftover: { ...Group, description: 'Objects of files that are deleted, or lie elsewhere by now' },
    unrecorded: { ...Group, description: 'Objects with a key as this server gives it that no record names' },
    unclear: { ...Group, description: 'Objects that no file has and that are left alone, each with the reason' },
    missing: { ...Group, description: 'Files whose object is not there; flagged as missing' },
    returned: { ...Group, description: 'Files that were missing and whose object is back' },
    size: { ...Group, description: 'Files whose object has another size than was stored' },
    includeUnrecorded: Nullable(
      Type.Boolean({ description: 'Whether unrecorded objects are removed, too; null before that is asked for' }),
    ),
    removed: { ...Group, description: 'Objects that were removed' },
    kept: { ...Group, description: 'Objects that were to be removed and stay, each with the reason' },
    error: Nullable(Type.String({ description: 'Why it failed, and what to do' })),
    startedBy: Type.String(),
    createdAt: Time,
    reportedAt: Nullable(Time),
    finishedAt: Nullable(Time),
  },
  closed,
)
export const ReconciliationFinding = Type.Object(
  {
    id: Uuid,
    kind: OneOf(reconciliationKinds),
    key: Type.String({ description: 'For operators' }),
    fileId: Nullable(Uuid),
    fileName: Nullable(Type.String()),
    bytes: { ...Bytes, description: 'Of the object; of the file where the object is missing' },
    reason: Type.String(),
    outcome: Nullable(OneOf(['removed', 'kept'] as const)),
    outcomeReason: Nullable(Type.String()),
  },
  closed,
)
export const ReconciliationFindingQuery = Type.Object({ ...PageQuery, kind: Type.Optional(OneOf(reconciliationKinds)) }, closed)
export const ReconciliationApply = Type.Object(
  {
    includeUnrecorded: Type.Optional(
      Type.Boolean({
        description:
          'Also removes objects that no record names. After a database was restored from a backup these may be files stored since',
      }),
    ),
  },
  closed,
)

export type Reconciliation = Static<typeof Reconciliation>
export type ReconciliationFinding = Static<typeof ReconciliationFinding>
export type ReconciliationFindingQuery = Static<typeof ReconciliationFindingQuery>
export type ReconciliationApply = Static<typeof ReconciliationApply>
