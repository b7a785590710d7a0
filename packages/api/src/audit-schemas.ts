import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

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

export type AuditEntry = Static<typeof AuditEntry>
export type AuditQuery = Static<typeof AuditQuery>
export type AuditCheckpoint = Static<typeof AuditCheckpoint>
export type AuditProof = Static<typeof AuditProof>
export type AuditConsistency = Static<typeof AuditConsistency>
export type AuditVerification = Static<typeof AuditVerification>
