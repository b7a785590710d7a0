import { hash, randomBytes } from 'node:crypto'
import type { PageOf, Token, TokenCreate, TokenCreated } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import { type Clock, toIso, toIsoOrNull } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import type { Store, Tx } from '../db/store.ts'
import type { TokenRow } from '../db/tokens.ts'
import { existing, toldBy } from './caller.ts'
import { fromCursor, type PageRequest, rowsFor, toPage } from './pages.ts'

const secretBytes = 32
const secretPattern = /^hf_[A-Za-z0-9_-]{43}$/
const day = 24 * 3600 * 1000
/** A use is written down at most this often, in milliseconds: reads stay reads. */
const useInterval = 60_000

/** The secret has 256 random bits, so a plain SHA-256 of it can be looked up and tells nothing. */
const hashSecret = (secret: string): string => hash('sha256', secret)

const toToken = (row: TokenRow): Token => ({
  id: row.id,
  name: row.name,
  role: row.role,
  scopes: row.scopes === null ? null : [...row.scopes],
  createdAt: toIso(row.createdAt),
  expiresAt: toIsoOrNull(row.expiresAt),
  revokedAt: toIsoOrNull(row.revokedAt),
  lastUsedAt: toIsoOrNull(row.lastUsedAt),
})

/** API tokens: `hf_` and 256 random bits, of which the database holds the hash alone. */
export const tokenService = ({ store, clock }: { store: Store; clock: Clock }) => ({
  async list(caller: Caller, page: PageRequest): Promise<PageOf<Token>> {
    const rows = await store.read.tokens.list(caller.tenantId, { limit: rowsFor(page), before: fromCursor(page.cursor) })
    return toPage(rows, page, toToken)
  },

  /** The answer holds the secret, for the only time. */
  async create(caller: Caller, request: TokenCreate): Promise<TokenCreated> {
    const secret = `hf_${randomBytes(secretBytes).toString('base64url')}`
    const now = clock.now()
    const row: TokenRow = {
      id: newId(),
      tenantId: caller.tenantId,
      name: request.name,
      role: request.role,
      scopes: request.scopes ?? null,
      hash: hashSecret(secret),
      createdBy: caller.actor.id,
      createdAt: now,
      expiresAt: request.expiresInDays === undefined ? null : now + request.expiresInDays * day,
      revokedAt: null,
      lastUsedAt: null,
    }
    await store.transaction(async (tx) => {
      await tx.tokens.insert(row)
      const details = {
        kind: 'token',
        name: row.name,
        tokenId: row.id,
        role: row.role,
        scopes: row.scopes,
        expiresAt: toIsoOrNull(row.expiresAt),
      }
      await tx.audit.append({ ...toldBy(caller), action: 'CREATE', details })
    })
    return { token: toToken(row), secret }
  },

  /** From now on the token is refused. Repeatable; the row stays, as what the audit log speaks of. */
  async revoke(caller: Caller, id: string): Promise<void> {
    await store.transaction(async (tx) => {
      const row = existing(await tx.tokens.find(caller.tenantId, id), 'token')
      if (!(await tx.tokens.revoke(caller.tenantId, id, clock.now()))) return
      await tx.audit.append({ ...toldBy(caller), action: 'DELETE', details: { kind: 'token', name: row.name, tokenId: id } })
    })
  },

  /** The caller behind a secret; null where it is unknown, expired or revoked. */
  async authenticate(secret: string, requestId: string): Promise<Caller | null> {
    if (!secretPattern.test(secret)) return null
    const now = clock.now()
    const row = await store.scopes.within(null, () => store.read.tokens.findByHash(hashSecret(secret)))
    if (!row || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)) return null
    store.scopes.enter(row.tenantId)
    if (row.lastUsedAt === null || now - row.lastUsedAt >= useInterval) {
      await store.transaction((tx) => tx.tokens.touch(row.id, { at: now, notAfter: now - useInterval }))
    }
    const limited = row.scopes === null ? {} : { scopes: row.scopes }
    return { actor: { kind: 'token', id: row.id, name: row.name }, tenantId: row.tenantId, role: row.role, ...limited, requestId }
  },
})
export type TokenService = ReturnType<typeof tokenService>

const AT_ONCE = 100

type Maker = { readonly id: string; readonly at: number; readonly reason: string; readonly revokes?: (token: TokenRow) => boolean }

/**
 * Revokes the tokens that a member made, or those of them that `revokes` tells, and all that a revoked one made in turn. For the
 * transaction that removes the member or takes rights away; each is in the log with the reason.
 */
export async function revokeMadeBy(tx: Tx, caller: Caller, { id, at, reason, revokes = () => true }: Maker): Promise<void> {
  const makers = [id]
  for (let madeBy = makers.pop(); madeBy !== undefined; madeBy = makers.pop()) {
    for await (const row of tokensOf(tx, caller.tenantId, madeBy)) {
      if (madeBy === id && !revokes(row)) continue
      await tx.tokens.revoke(caller.tenantId, row.id, at)
      const details = { kind: 'token', name: row.name, tokenId: row.id, reason }
      await tx.audit.append({ ...toldBy(caller), action: 'DELETE', details })
      makers.push(row.id)
    }
  }
}

/** Those in force, in pages. */
async function* tokensOf(tx: Tx, tenantId: string, makerId: string): AsyncGenerator<TokenRow> {
  for (let after = ''; ; ) {
    const rows = await tx.tokens.madeBy(tenantId, makerId, { limit: AT_ONCE, after })
    yield* rows
    if (rows.length < AT_ONCE) return
    after = rows.at(-1)?.id ?? ''
  }
}
