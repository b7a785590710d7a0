import { type Member, type MemberCreate, type MemberUpdate, type PageOf, Problem, type RoleName } from '@holdfast/api'
import { mayDo, rolePermissions } from '../core/access.ts'
import type { Caller } from '../core/actor.ts'
import { type Clock, toIso } from '../core/clock.ts'
import { newId } from '../core/ids.ts'
import { DatabaseConflict } from '../db/database.ts'
import type { Store, Tx } from '../db/store.ts'
import type { MemberRow } from '../db/tenants.ts'
import { existing, toldBy } from './caller.ts'
import { cutPage, fromCursor, type PageRequest, rowsFor } from './pages.ts'
import { revokeMadeBy } from './tokens.ts'

export type MemberDeps = {
  readonly store: Store
  readonly clock: Clock
  readonly passwords: { hash(password: string): Promise<string> }
}

const toMember = (row: MemberRow): Member => ({
  userId: row.userId,
  name: row.name,
  email: row.email,
  role: row.role,
  createdAt: toIso(row.createdAt),
})

/** The people of a tenant. There is always an administrator among them. */
export const memberService = (deps: MemberDeps) => ({
  async list(caller: Caller, page: PageRequest): Promise<PageOf<Member>> {
    const rows = await deps.store.read.memberships.list(caller.tenantId, { limit: rowsFor(page), after: fromCursor(page.cursor) })
    const cut = cutPage(
      rows.map((row) => ({ ...row, id: row.userId })),
      page,
    )
    return { items: cut.rows.map(toMember), nextCursor: cut.nextCursor }
  },

  /** CONFLICT where somebody signs in with this email already. */
  async create(caller: Caller, request: MemberCreate): Promise<Member> {
    const passwordHash = await deps.passwords.hash(request.password)
    const now = deps.clock.now()
    const user = { id: newId(), name: request.name, email: request.email.toLowerCase() }
    const member = { tenantId: caller.tenantId, userId: user.id, role: request.role, createdAt: now }
    try {
      await deps.store.transaction(async (tx) => {
        await tx.users.insert({ ...user, accountId: newId(), passwordHash, at: toIso(now) })
        await tx.memberships.insert(member)
        const details = { kind: 'member', name: user.name, userId: user.id, role: request.role }
        await tx.audit.append({ ...toldBy(caller), action: 'CREATE', details })
      })
    } catch (error) {
      if (error instanceof DatabaseConflict && error.constraint === 'user_email') {
        throw new Problem('CONFLICT', `Somebody signs in with ${user.email} already. Use another email.`)
      }
      throw error
    }
    return toMember({ ...member, ...user })
  },

  /** A new password signs the member out everywhere; a lower role revokes the tokens that they made and that may do more than it. */
  async update(caller: Caller, userId: string, changes: MemberUpdate): Promise<Member> {
    const passwordHash = changes.password === undefined ? null : await deps.passwords.hash(changes.password)
    return deps.store.transaction(async (tx) => {
      const row = existing(await tx.memberships.find(caller.tenantId, userId), 'member')
      const at = toIso(deps.clock.now())
      const changed: string[] = []
      if (changes.role !== undefined && changes.role !== row.role) {
        if (row.role === 'admin') await requireOtherAdmin(tx, row)
        await tx.memberships.setRole(caller.tenantId, userId, changes.role)
        await revokeBeyond(tx, caller, { userId, role: changes.role, at: deps.clock.now() })
        changed.push('role')
      }
      if (changes.name !== undefined && changes.name !== row.name) {
        await tx.users.setName(userId, { name: changes.name, at })
        changed.push('name')
      }
      if (passwordHash !== null) {
        await tx.users.setPassword(userId, { passwordHash, at })
        await tx.users.endSessions(userId)
        changed.push('password')
      }
      const now = { ...row, role: changes.role ?? row.role, name: changes.name ?? row.name }
      if (changed.length > 0) await tellUpdate(tx, caller, { before: row, now, changed })
      return toMember(now)
    })
  },

  /** For a caller who is a person and has proven to know the current password. Ends all their sessions, this one too. */
  async changeOwnPassword(caller: Caller, password: string): Promise<void> {
    await this.update(caller, caller.actor.id, { password })
  },

  /** Ends the sessions and revokes the tokens that the member made. CONFLICT for the last administrator. */
  async remove(caller: Caller, userId: string): Promise<void> {
    const remove = async (tx: Tx) => {
      const row = existing(await tx.memberships.find(caller.tenantId, userId), 'member')
      if (row.role === 'admin') await requireOtherAdmin(tx, row)
      await tx.memberships.delete(caller.tenantId, userId)
      await tx.users.endSessions(userId)
      await revokeMadeBy(tx, caller, { id: userId, at: deps.clock.now(), reason: 'The member who made it was removed' })
      if (!(await tx.memberships.findOfUser(userId))) await tx.users.delete(userId)
      await tx.audit.append({ ...toldBy(caller), action: 'DELETE', details: { kind: 'member', name: row.name, userId, role: row.role } })
    }
    // Whether anything is left of the user is for the memberships in all tenants to say.
    await deps.store.scopes.within(null, () => deps.store.transaction(remove))
  },
})
export type MemberService = ReturnType<typeof memberService>

async function requireOtherAdmin(tx: Tx, row: MemberRow): Promise<void> {
  if ((await tx.memberships.countAdmins(row.tenantId)) > 1) return
  throw new Problem('CONFLICT', `${row.name} is the only administrator. Make somebody else one first.`)
}

/** Whoever has made a token may still know its secret: with it they would keep what their new role takes from them. */
async function revokeBeyond(tx: Tx, caller: Caller, now: { userId: string; role: RoleName; at: number }): Promise<void> {
  await revokeMadeBy(tx, caller, {
    ...{ id: now.userId, at: now.at, reason: 'The role of the member who made it was lowered' },
    revokes: (token) => rolePermissions[token.role].some((permission) => !mayDo(now.role, permission)),
  })
}

type MemberChange = { before: MemberRow; now: MemberRow; changed: string[] }

async function tellUpdate(tx: Tx, caller: Caller, { before, now, changed }: MemberChange): Promise<void> {
  const roles = changed.includes('role') ? { fromRole: before.role, toRole: now.role } : {}
  const details = { kind: 'member', name: now.name, userId: now.userId, changed, ...roles }
  await tx.audit.append({ ...toldBy(caller), action: 'UPDATE', details })
}
