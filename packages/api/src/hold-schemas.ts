import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

// ── legal holds ──────────────────────────────────────────────────────────────────────────────────
export const holdScopes = ['file', 'case', 'owner'] as const
/**
 * What storage with Object Lock knows of a hold: `none` nothing it covers lies there · `pending` being set or lifted · `set` · `lifted` ·
 * `failed` not everywhere, tried again.
 */
export const lockStates = ['none', 'pending', 'set', 'lifted', 'failed'] as const

const Reason = Type.String({ minLength: 1, maxLength: 2000, pattern: '\\S' })
const EntityType = Type.String({ minLength: 1, maxLength: 64 })
const EntityId = Type.String({ minLength: 1, maxLength: 128 })

export const Hold = Type.Object(
  {
    id: Uuid,
    scope: OneOf(holdScopes),
    fileId: Nullable(Uuid),
    caseId: Nullable(Uuid),
    ownerEntityType: Nullable(Type.String()),
    ownerEntityId: Nullable(Type.String()),
    subject: Type.String({ description: 'Name of the file, number of the case, or type and id of the owner, when it was placed' }),
    reason: Type.String(),
    active: Type.Boolean(),
    placedBy: Type.String(),
    placedAt: Time,
    releasedBy: Nullable(Type.String()),
    releasedAt: Nullable(Time),
    releaseReason: Nullable(Type.String()),
    lock: Type.Object(
      { state: OneOf(lockStates), locked: Type.Integer(), failed: Type.Integer(), error: Nullable(Type.String()) },
      { ...closed, description: 'The hold on the objects themselves, at targets with Object Lock; counts are of objects' },
    ),
  },
  closed,
)
export const HoldCreate = Type.Object(
  {
    fileId: Type.Optional(Uuid),
    caseId: Type.Optional(Uuid),
    ownerEntityType: Type.Optional(EntityType),
    ownerEntityId: Type.Optional(EntityId),
    reason: Reason,
  },
  { ...closed, description: 'Exactly one of fileId, caseId, or ownerEntityType with ownerEntityId' },
)
export const HoldRelease = Type.Object({ reason: Reason }, closed)
export const HoldQuery = Type.Object(
  {
    ...PageQuery,
    active: Type.Optional(Type.Boolean({ description: 'true: those in force; false: those that were released' })),
    fileId: Type.Optional(Uuid),
    caseId: Type.Optional(Uuid),
    ownerEntityType: Type.Optional(EntityType),
    ownerEntityId: Type.Optional(EntityId),
  },
  { ...closed, description: 'fileId: all that cover the file; caseId: those on the case and on files in it' },
)

export type Hold = Static<typeof Hold>
export type HoldCreate = Static<typeof HoldCreate>
export type HoldRelease = Static<typeof HoldRelease>
export type HoldQuery = Static<typeof HoldQuery>
