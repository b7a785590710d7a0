import type { Me } from '@holdfast/api'
import { permissionsOf } from '../core/access.ts'
import type { Actor, Caller } from '../core/actor.ts'
import type { Store } from '../db/store.ts'
import { existing, toldBy } from './caller.ts'

/** Who may enter and what they may do; writes down who came, went, and was refused. */
export const accessService = ({ store }: { store: Store }) => ({
  /** Runs `work` so that it reaches no row of a tenant before the caller, or a signed URL, is known to be genuine. */
  forNobodyYet: <T>(work: () => T): T => store.scopes.nobody(work),

  /** The caller behind a session of this user; null where the user is no member any more. */
  async callerOfUser(userId: string, requestId: string): Promise<Caller | null> {
    const member = await store.scopes.within(null, () => store.read.memberships.findOfUser(userId))
    if (!member) return null
    store.scopes.enter(member.tenantId)
    return { actor: { kind: 'user', id: userId, name: member.name }, tenantId: member.tenantId, role: member.role, requestId }
  },

  async me(caller: Caller): Promise<Me> {
    const { actor } = caller
    const tenant = existing(await store.read.tenants.find(caller.tenantId), 'tenant')
    const user = actor.kind === 'user' ? await store.read.users.find(actor.id) : null
    return {
      kind: actor.kind === 'user' ? 'user' : 'token',
      id: actor.id,
      name: actor.name,
      email: user?.email ?? null,
      role: caller.role,
      permissions: [...permissionsOf(caller)],
      tenant: { id: tenant.id, name: tenant.name },
    }
  },

  async denied(caller: Caller, request: { method: string; route: string; permission: string }): Promise<void> {
    await store.transaction((tx) => tx.audit.append({ ...toldBy(caller), result: 'denied', action: 'ACCESS_DENIED', details: request }))
  },

  async signedIn(caller: Caller): Promise<void> {
    await store.transaction((tx) => tx.audit.append({ ...toldBy(caller), action: 'SIGN_IN', details: { method: 'password' } }))
  },

  async signedOut(caller: Caller): Promise<void> {
    await store.transaction((tx) => tx.audit.append({ ...toldBy(caller), action: 'SIGN_OUT', details: {} }))
  },

  /**
   * A wrong password, in the log of the tenant whose member it was tried for. What was typed is not kept where it names nobody
   * (people type passwords into the wrong field): the entry is then of an unknown actor, in the log of the oldest tenant.
   */
  async signInFailed(email: string, requestId: string): Promise<void> {
    const user = await store.read.users.findByEmail(email.toLowerCase())
    const tenantId = await store.scopes.within(null, () => tenantOf(store, user?.id))
    if (tenantId === null) return
    const actor: Actor = { kind: 'user', id: user?.id ?? 'unknown', name: user?.name ?? 'Unknown' }
    const entry = { tenantId, actor, requestId, result: 'failed', action: 'SIGN_IN_FAILED', details: { method: 'password' } } as const
    await store.scopes.within(tenantId, () => store.transaction((tx) => tx.audit.append(entry)))
  },
})
/** The tenant of the user's membership; without one the oldest. Null where there is none yet. */
async function tenantOf(store: Store, userId: string | undefined): Promise<string | null> {
  const member = userId === undefined ? null : await store.read.memberships.findOfUser(userId)
  return member?.tenantId ?? (await store.read.tenants.findFirst())?.id ?? null
}

export type AccessService = ReturnType<typeof accessService>
