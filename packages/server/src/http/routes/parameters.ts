import { PageQuery, Uuid } from '@holdfast/api'
import { Type } from 'typebox'

/** Path parameters and queries that several groups of routes take. */
const closed = { additionalProperties: false } as const
export const IdParams = Type.Object({ id: Uuid }, closed)
export const CaseParams = Type.Object({ caseId: Uuid }, closed)
export const ItemParams = Type.Object({ caseId: Uuid, itemId: Uuid }, closed)
export const UserParams = Type.Object({ userId: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }, closed)
export const ListQuery = Type.Object(PageQuery, closed)

export const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'The ETag of the version that the change starts from; 412 where it is not the current one' }),
  ),
})
export const IdempotencyKey = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ maxLength: 255, description: 'The same key with the same request gets the same answer for 24 hours' }),
  ),
})
