import type { Migration } from './migration.ts'

/** What a token may do of what its role allows (N3): JSON, the names of scopes; null: all of it. */
export const tokenScopes: Migration = {
  name: '0011-token-scopes',
  statements: (t) => [
    `alter table api_tokens add column scopes ${t.text}`,
    `create index api_tokens_by_maker on api_tokens (tenant_id, created_by) where revoked_at is null`,
  ],
}
