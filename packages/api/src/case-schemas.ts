import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { Bytes, closed, Time, Uuid } from './shapes.ts'

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

export type Case = Static<typeof Case>
export type CaseCreate = Static<typeof CaseCreate>
export type CaseUpdate = Static<typeof CaseUpdate>
export type Item = Static<typeof Item>
export type ItemCreate = Static<typeof ItemCreate>
export type CaseQuery = Static<typeof CaseQuery>
export type ItemUpdate = Static<typeof ItemUpdate>
