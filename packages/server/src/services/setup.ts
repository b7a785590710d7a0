import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { Problem, type SetupRequest, type SetupState } from '@holdfast/api'
import { type Actor, systemActor } from '../core/actor.ts'
import { type Clock, toIso } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import { DatabaseConflict } from '../db/database.ts'
import type { Store, Tx } from '../db/store.ts'
import type { TenantRow } from '../db/tenants.ts'

/** The one-time code of the first sign-in. Only its hash is kept. */
export type SetupCode = { matches(candidate: string): boolean }

const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const codeGroups = 5
const groupLength = 4
const digest = (code: string): Buffer => hash('sha256', code.toUpperCase().replace(/[^0-9A-Z]/g, ''), 'buffer')

/** Makes a code of 100 random bits, e.g. `7KQ2-…`; `text` is to be printed once, on the terminal of whoever starts the server. */
export function mintSetupCode(): { text: string; code: SetupCode } {
  const letters = [...randomBytes(codeGroups * groupLength)].map((byte) => alphabet[byte % alphabet.length] ?? '').join('')
  const text = (letters.match(new RegExp(`.{${groupLength}}`, 'g')) ?? []).join('-')
  const expected = digest(text)
  return { text, code: { matches: (candidate) => timingSafeEqual(digest(candidate), expected) } }
}

const defaultSlug = 'default'
const defaultName = 'Holdfast'
const bornBound = ['encrypted', 'objects'] as const
type Origin = { readonly actor: Actor; readonly requestId: string | null; readonly at: number }

/** A tenant with its built-in Local target (T2) bound to the roles that work without any choice, and an audit entry of each. */
export async function createTenant(tx: Tx, tenant: { slug: string; name: string }, origin: Origin): Promise<TenantRow> {
  const { at, actor, requestId } = origin
  const row = { id: newId(), slug: tenant.slug, name: tenant.name, createdAt: at }
  const targetId = newId()
  const told = { tenantId: row.id, actor, requestId, result: 'ok' as const }
  await tx.tenants.insert(row)
  await tx.targets.insert({
    id: targetId,
    tenantId: row.id,
    name: 'Local',
    kind: 'local',
    place: {},
    credentials: null,
    builtin: true,
    quotaBytes: null,
    usedBytes: 0,
    reservedBytes: 0,
    lastTestAt: null,
    lastTestOk: null,
    lastPassAt: null,
    createdAt: at,
    removedAt: null,
    version: 1,
    location: null,
    capabilities: null,
  })
  await tx.audit.append({ ...told, action: 'CREATE', details: { kind: 'tenant', name: row.name } })
  await tx.audit.append({ ...told, action: 'CREATE', details: { kind: 'target', name: 'Local', targetId, targetKind: 'local' } })
  for (const role of bornBound) {
    await tx.roleBindings.bind(row.id, { role, targetId, boundAt: at, staged: false })
    await tx.audit.append({ ...told, action: 'ROLE_BOUND', details: { role, targetId } })
  }
  return row
}

export type SetupDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly passwords: { hash(password: string): Promise<string> }
  readonly keys: { ensureTenantKey(tenantId: string): Promise<unknown> }
  /** Null once there is somebody who can sign in: setup is then over. */
  readonly code: SetupCode | null
}

export const setupService = (deps: SetupDeps) => ({
  /** Whether nobody can sign in yet. */
  async needed(): Promise<boolean> {
    return !(await deps.store.scopes.within(null, () => deps.store.read.memberships.any()))
  },

  async state(): Promise<SetupState> {
    return { needed: await this.needed() }
  },

  /**
   * Makes the first administrator, and the tenant where the command line has not made it already. CONFLICT once there is somebody,
   * FORBIDDEN with a wrong code. Of two at once one wins.
   */
  async run(request: SetupRequest, requestId: string | null): Promise<SetupState> {
    if (!(await this.needed())) throw new Problem('CONFLICT', 'This server is set up already. Sign in.')
    if (!deps.code?.matches(request.code)) {
      throw new Problem('FORBIDDEN', 'The code is not the one that the server printed at its last start.')
    }
    const passwordHash = await deps.passwords.hash(request.password)
    const origin = { requestId, at: deps.clock.now() }
    const make = () => deps.store.transaction((tx) => firstAdmin(tx, { ...request, passwordHash }, origin))
    const tenantId = await deps.store.scopes.within(null, make)
    deps.store.scopes.enter(tenantId)
    await deps.keys.ensureTenantKey(tenantId)
    return { needed: false }
  },

  /** One more tenant, for the command line. CONFLICT where its short name is taken. */
  async addTenant(actor: Actor, tenant: { slug: string; name: string }): Promise<TenantRow> {
    const origin = { actor, requestId: null, at: deps.clock.now() }
    try {
      const row = await deps.store.transaction((tx) => createTenant(tx, tenant, origin))
      await deps.keys.ensureTenantKey(row.id)
      return row
    } catch (error) {
      if (!(error instanceof DatabaseConflict) || error.constraint !== 'tenants_slug') throw error
      throw new Problem('CONFLICT', `There is a tenant ${tenant.slug} already. Choose another short name.`)
    }
  },

  /** The tenant of a server with one tenant; made where there is none. For the command line on a fresh folder. */
  async ensureDefaultTenant(actor: Actor): Promise<TenantRow> {
    const found = await deps.store.read.tenants.findFirst()
    const tenant = found ?? (await createDefaultTenant(deps, actor))
    await deps.keys.ensureTenantKey(tenant.id)
    return tenant
  },
})
export type SetupService = ReturnType<typeof setupService>

async function createDefaultTenant({ store, clock }: SetupDeps, actor: Actor): Promise<TenantRow> {
  try {
    return await store.transaction(async (tx) => {
      const origin = { actor, requestId: null, at: clock.now() }
      return (await tx.tenants.findFirst()) ?? createTenant(tx, { slug: defaultSlug, name: defaultName }, origin)
    })
  } catch (error) {
    const made = error instanceof DatabaseConflict ? await store.read.tenants.findFirst() : null
    if (made) return made
    throw error
  }
}

type FirstAdmin = { name: string; email: string; passwordHash: string; organisation?: string }

async function firstAdmin(tx: Tx, person: FirstAdmin, origin: { requestId: string | null; at: number }): Promise<string> {
  if (await tx.memberships.any()) throw new Problem('CONFLICT', 'This server is set up already. Sign in.')
  const system = { ...origin, actor: systemActor }
  const found = await tx.tenants.findFirst()
  const tenant = found ?? (await createTenant(tx, { slug: defaultSlug, name: person.organisation ?? defaultName }, system))
  const user = { id: newId(), name: person.name, email: person.email.toLowerCase() }
  await tx.users.insert({ ...user, accountId: newId(), passwordHash: person.passwordHash, at: toIso(origin.at) })
  await tx.memberships.insert({ tenantId: tenant.id, userId: user.id, role: 'admin', createdAt: origin.at })
  await tx.audit.append({
    tenantId: tenant.id,
    actor: { kind: 'user', id: user.id, name: user.name },
    requestId: origin.requestId,
    result: 'ok',
    action: 'CREATE',
    details: { kind: 'member', name: user.name, userId: user.id, role: 'admin', by: 'setup code' },
  })
  return tenant.id
}
