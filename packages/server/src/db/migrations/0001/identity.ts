import type { Words } from '../migration.ts'

/** Tenants, who may enter, and the keys above the file keys. `user` … `verification` are better-auth's, spelled as it expects. */
export const identity = (t: Words): string[] => [...auth(t), ...tenancy(t), ...keys(t)]

const auth = (t: Words): string[] => [
  `create table "user" (
    "id" ${t.id} not null, "name" ${t.text} not null, "email" ${t.id} not null, "emailVerified" ${t.authFlag} not null,
    "image" ${t.text}, "createdAt" ${t.authTime} not null, "updatedAt" ${t.authTime} not null,
    constraint user_id primary key ("id")) ${t.table}`,
  `create unique index user_email on "user" ("email")`,
  `create table "session" (
    "id" ${t.id} not null, "expiresAt" ${t.authTime} not null, "token" ${t.id} not null, "createdAt" ${t.authTime} not null,
    "updatedAt" ${t.authTime} not null, "ipAddress" ${t.text}, "userAgent" ${t.text},
    "userId" ${t.id} not null references "user" ("id") on delete cascade,
    constraint session_id primary key ("id")) ${t.table}`,
  `create unique index session_token on "session" ("token")`,
  `create index session_by_user on "session" ("userId")`,
  `create index session_by_expiry on "session" ("expiresAt")`,
  `create table "account" (
    "id" ${t.id} not null, "accountId" ${t.id} not null, "providerId" ${t.id} not null,
    "userId" ${t.id} not null references "user" ("id") on delete cascade,
    "accessToken" ${t.text}, "refreshToken" ${t.text}, "idToken" ${t.text}, "accessTokenExpiresAt" ${t.authTime},
    "refreshTokenExpiresAt" ${t.authTime}, "scope" ${t.text}, "password" ${t.text},
    "createdAt" ${t.authTime} not null, "updatedAt" ${t.authTime} not null,
    constraint account_id primary key ("id")) ${t.table}`,
  `create index account_by_user on "account" ("userId")`,
  `create table "verification" (
    "id" ${t.id} not null, "identifier" ${t.id} not null, "value" ${t.text} not null, "expiresAt" ${t.authTime} not null,
    "createdAt" ${t.authTime} not null, "updatedAt" ${t.authTime} not null,
    constraint verification_id primary key ("id")) ${t.table}`,
  `create index verification_by_identifier on "verification" ("identifier")`,
]

const tenancy = (t: Words): string[] => [
  `create table meta (key ${t.id} not null, value ${t.text} not null, constraint meta_key primary key (key)) ${t.keyed}`,
  `create table tenants (
    id ${t.id} not null, slug ${t.id} not null, name ${t.text} not null, created_at ${t.int} not null,
    constraint tenants_id primary key (id)) ${t.table}`,
  `create unique index tenants_slug on tenants (slug)`,
  `create table memberships (
    tenant_id ${t.id} not null references tenants (id), user_id ${t.id} not null references "user" ("id") on delete cascade,
    role ${t.id} not null, created_at ${t.int} not null,
    constraint memberships_tenant_id_user_id primary key (tenant_id, user_id)) ${t.keyed}`,
  `create index memberships_by_user on memberships (user_id)`,
  `create table api_tokens (
    id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), name ${t.text} not null, role ${t.id} not null,
    hash ${t.id} not null, created_by ${t.id} not null, created_at ${t.int} not null, expires_at ${t.int}, revoked_at ${t.int},
    last_used_at ${t.int},
    constraint api_tokens_id primary key (id)) ${t.table}`,
  `create unique index api_tokens_hash on api_tokens (hash)`,
  `create index api_tokens_by_tenant on api_tokens (tenant_id, id)`,
  `create table idempotency_keys (
    tenant_id ${t.id} not null references tenants (id), key ${t.id} not null, route ${t.id} not null, request_hash ${t.id} not null,
    status ${t.int}, body ${t.text}, created_at ${t.int} not null,
    constraint idempotency_keys_tenant_id_key_route primary key (tenant_id, key, route)) ${t.table}`,
  `create index idempotency_keys_by_age on idempotency_keys (created_at)`,
]

const keys = (t: Words): string[] => [
  `create table tenant_keys (
    tenant_id ${t.id} not null references tenants (id), key_id ${t.id} not null, wrapped ${t.bytes} not null, created_at ${t.int} not null,
    constraint tenant_keys_tenant_id primary key (tenant_id)) ${t.table}`,
  `create table entity_keys (
    id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), entity_type ${t.id} not null, entity_id ${t.id} not null,
    wrapped ${t.bytes}, created_at ${t.int} not null, destroyed_at ${t.int},
    constraint entity_keys_id primary key (id),
    constraint entity_keys_shredded check ((wrapped is null) = (destroyed_at is not null))) ${t.table}`,
  `create unique index entity_keys_tenant_id_entity_type_entity_id on entity_keys (tenant_id, entity_type, entity_id)
    where destroyed_at is null`,
]
