import type { RoleName, TokenScope } from '@holdfast/api'
import type { Selectable } from 'kysely'
import type { Sql } from './database.ts'
import { keptQuery } from './kept-query.ts'
import type { Schema } from './schema.ts'

export type TokenRow = {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly role: RoleName
  /** Null: all that the role allows. */
  readonly scopes: readonly TokenScope[] | null
  /** SHA-256 of the secret, hex. */
  readonly hash: string
  readonly createdBy: string
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly lastUsedAt: number | null
}

const toToken = (row: Selectable<Schema['api_tokens']>): TokenRow => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  role: row.role,
  scopes: row.scopes === null ? null : (JSON.parse(row.scopes) as TokenScope[]),
  hash: row.hash,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
})

const byHash = keptQuery((sql, { hash }: { hash: string }) => sql.selectFrom('api_tokens').selectAll().where('hash', '=', hash))

export const tokenTable = (sql: Sql) => ({
  async find(tenantId: string, id: string): Promise<TokenRow | null> {
    const row = await sql.selectFrom('api_tokens').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst()
    return row ? toToken(row) : null
  },
  async findByHash(hash: string): Promise<TokenRow | null> {
    const [row] = (await byHash(sql, { hash })).rows
    return row ? toToken(row) : null
  },
  /** Newest first, those before the id `before`. */
  async list(tenantId: string, page: { limit: number; before: string | null }): Promise<TokenRow[]> {
    let query = sql.selectFrom('api_tokens').selectAll().where('tenant_id', '=', tenantId).orderBy('id', 'desc').limit(page.limit)
    if (page.before !== null) query = query.where('id', '<', page.before)
    return (await query.execute()).map(toToken)
  },
  async insert(token: TokenRow): Promise<void> {
    await sql
      .insertInto('api_tokens')
      .values({
        id: token.id,
        tenant_id: token.tenantId,
        name: token.name,
        role: token.role,
        scopes: token.scopes === null ? null : JSON.stringify(token.scopes),
        hash: token.hash,
        created_by: token.createdBy,
        created_at: token.createdAt,
        expires_at: token.expiresAt,
        revoked_at: token.revokedAt,
        last_used_at: token.lastUsedAt,
      })
      .execute()
  },
  /** Those in force that this user or token made, in the order of their ids, those behind `after`. */
  async madeBy(tenantId: string, makerId: string, page: { limit: number; after: string }): Promise<TokenRow[]> {
    let query = sql.selectFrom('api_tokens').selectAll().where('tenant_id', '=', tenantId).where('created_by', '=', makerId)
    if (page.after !== '') query = query.where('id', '>', page.after)
    return (await query.where('revoked_at', 'is', null).orderBy('id').limit(page.limit).execute()).map(toToken)
  },
  /** Answers whether it was this call that revoked it. */
  async revoke(tenantId: string, id: string, at: number): Promise<boolean> {
    const result = await sql
      .updateTable('api_tokens')
      .set({ revoked_at: at })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  },
  /** Notes a use, unless one was noted at or after `notAfter`. */
  async touch(id: string, use: { at: number; notAfter: number }): Promise<void> {
    await sql
      .updateTable('api_tokens')
      .set({ last_used_at: use.at })
      .where('id', '=', id)
      .where((either) => either.or([either('last_used_at', 'is', null), either('last_used_at', '<', use.notAfter)]))
      .execute()
  },
})
