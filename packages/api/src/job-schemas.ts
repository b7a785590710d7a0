import { type Static, Type } from 'typebox'
import { PageQuery } from './page-schemas.ts'
import { closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'

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

export type Job = Static<typeof Job>
export type JobQuery = Static<typeof JobQuery>
