import { type Static, Type } from 'typebox'
import { Bytes, closed, Nullable, OneOf, Time, Uuid } from './shapes.ts'
import { tokenScopes } from './token-scopes.ts'

export const roles = ['admin', 'examiner', 'viewer', 'auditor'] as const
export const RoleName = OneOf(roles)
export type RoleName = (typeof roles)[number]

export const Me = Type.Object(
  {
    kind: OneOf(['user', 'token'] as const),
    id: Type.String(),
    name: Type.String(),
    email: Nullable(Type.String()),
    role: RoleName,
    permissions: Type.Array(Type.String()),
    tenant: Type.Object({ id: Uuid, name: Type.String() }, closed),
  },
  closed,
)
export const SignInRequest = Type.Object(
  {
    email: Type.String({ minLength: 1, maxLength: 254 }),
    password: Type.String({ minLength: 1, maxLength: 128 }),
    rememberMe: Type.Optional(Type.Boolean({ description: 'false: the session ends with the browser; true when absent' })),
  },
  closed,
)
export const PasswordChange = Type.Object(
  {
    currentPassword: Type.String({ minLength: 1, maxLength: 128 }),
    newPassword: Type.String({ minLength: 10, maxLength: 128 }),
  },
  closed,
)
export const SetupState = Type.Object({ needed: Type.Boolean() }, closed)
export const SetupRequest = Type.Object(
  {
    code: Type.String({ minLength: 8, maxLength: 200, description: 'The one-time code that the server printed at start' }),
    name: Type.String({ minLength: 1, maxLength: 200 }),
    email: Type.String({ format: 'email', maxLength: 254 }),
    password: Type.String({ minLength: 10, maxLength: 128 }),
    organisation: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  closed,
)
export const Member = Type.Object(
  { userId: Type.String(), name: Type.String(), email: Type.String(), role: RoleName, createdAt: Time },
  closed,
)
export const MemberCreate = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    email: Type.String({ format: 'email', maxLength: 254 }),
    password: Type.String({ minLength: 10, maxLength: 128 }),
    role: RoleName,
  },
  closed,
)
export const MemberUpdate = Type.Object(
  {
    role: Type.Optional(RoleName),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    password: Type.Optional(Type.String({ minLength: 10, maxLength: 128, description: 'Signs the member out everywhere' })),
  },
  closed,
)
export const TokenScope = OneOf(tokenScopes)
export type TokenScope = (typeof tokenScopes)[number]
export const Token = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    role: RoleName,
    scopes: Nullable(Type.Array(TokenScope, { description: 'null: all that the role allows' })),
    createdAt: Time,
    expiresAt: Nullable(Time),
    revokedAt: Nullable(Time),
    lastUsedAt: Nullable(Time),
  },
  closed,
)
export const TokenCreate = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    role: RoleName,
    scopes: Type.Optional(Type.Array(TokenScope, { minItems: 1, maxItems: tokenScopes.length, uniqueItems: true })),
    expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
  },
  closed,
)
export const TokenCreated = Type.Object(
  { token: Token, secret: Type.String({ description: 'Shown once; send it as Authorization: Bearer' }) },
  closed,
)

export const SystemInfo = Type.Object(
  {
    version: Type.String(),
    database: OneOf(['sqlite', 'postgres'] as const),
    publicUrl: Nullable(Type.String()),
    secureTierMaxBytes: Bytes,
  },
  closed,
)

export type Me = Static<typeof Me>
export type SystemInfo = Static<typeof SystemInfo>
export type SignInRequest = Static<typeof SignInRequest>
export type PasswordChange = Static<typeof PasswordChange>
export type Member = Static<typeof Member>
export type Token = Static<typeof Token>
export type TokenCreated = Static<typeof TokenCreated>
export type SetupState = Static<typeof SetupState>
export type SetupRequest = Static<typeof SetupRequest>
export type MemberCreate = Static<typeof MemberCreate>
export type MemberUpdate = Static<typeof MemberUpdate>
export type TokenCreate = Static<typeof TokenCreate>
