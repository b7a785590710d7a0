import type { RoleName } from '@holdfast/api'
import type { Flag, Json, Time, Unread } from './schema-columns.ts'

/** Who may do what: tenants, people, tokens and keys. */
export interface AccessTables {
  meta: { key: string; value: string }
  tenants: { id: string; slug: string; name: string; created_at: Time }
  memberships: { tenant_id: string; user_id: string; role: RoleName; created_at: Time }
  /** `hash` is SHA-256 of the secret, hex; the secret itself is never stored. */
  api_tokens: {
    id: string
    tenant_id: string
    name: string
    role: RoleName
    /** Names of scopes; null: all that the role allows. */
    scopes: Json | null
    hash: string
    created_by: string
    created_at: Time
    expires_at: Time | null
    revoked_at: Time | null
    last_used_at: Time | null
  }
  tenant_keys: { tenant_id: string; key_id: string; wrapped: Uint8Array; created_at: Time }
  /** Keys of cases and of owners; destroyed_at set and wrapped null once shredded. */
  entity_keys: {
    id: string
    tenant_id: string
    entity_type: 'case' | 'owner'
    entity_id: string
    wrapped: Uint8Array | null
    created_at: Time
    destroyed_at: Time | null
  }
  // better-auth's tables. Its times and booleans differ by database: they are written as ISO 8601 text and 0 or 1, which both take,
  // and never read here.
  user: { id: string; name: string; email: string; emailVerified: Unread<Flag>; createdAt: Unread<string>; updatedAt: Unread<string> }
  session: { id: string; userId: string; token: string }
  account: {
    id: string
    userId: string
    accountId: string
    providerId: string
    password: string | null
    createdAt: Unread<string>
    updatedAt: Unread<string>
  }
  verification: { id: string; identifier: string; value: string }
  idempotency_keys: {
    tenant_id: string
    key: string
    route: string
    request_hash: string
    status: number | null
    body: Json | null
    created_at: Time
  }
  holdfast_migrations: { position: number; name: string; checksum: string; version: string; applied_at: Time }
}
