import { type PageOf, Problem, type RoleBinding, type StorageRole, storageRoles } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import type { Clock } from '../core/clock.ts'
import type { Store, Tables } from '../db/store.ts'
import type { RoleBindingRow, TargetRow } from '../db/targets.ts'
import { toldBy } from './caller.ts'
import { getTarget } from './targets.ts'

const mostTargets = 1000

/** Why a target cannot serve a role (R1), or null where it can. */
export function refusal(role: StorageRole, target: Pick<TargetRow, 'kind'>): string | null {
  if (role === 'direct' && target.kind === 'local') {
    return 'Direct needs an S3, SMB or SFTP target: its files are not encrypted by Holdfast, and on the disk of this server they would lie in plain.'
  }
  return null
}

const toBinding = (role: StorageRole, bindings: readonly RoleBindingRow[], targets: readonly TargetRow[]): RoleBinding => ({
  role,
  targetId: bindings.find((binding) => binding.role === role)?.targetId ?? null,
  eligible: targets.map((target) => {
    const reason = refusal(role, target)
    return { targetId: target.id, name: target.name, ok: reason === null, reason }
  }),
})

/** Which target each role writes to (R1). Files stay where they were written: a binding tells where new ones go (R2). */
export const roleService = ({ store, clock }: { store: Store; clock: Clock }) => {
  const state = async (tables: Tables, tenantId: string) => ({
    bindings: await tables.roleBindings.list(tenantId),
    targets: await tables.targets.list(tenantId, { limit: mostTargets, after: null }),
  })
  return {
    async list(caller: Caller): Promise<PageOf<RoleBinding>> {
      const { bindings, targets } = await state(store.read, caller.tenantId)
      return { items: storageRoles.map((role) => toBinding(role, bindings, targets)), nextCursor: null }
    },

    /** Null unbinds. CONFLICT where the target cannot serve the role, with the reason. */
    async bind(caller: Caller, role: StorageRole, targetId: string | null): Promise<RoleBinding> {
      return store.transaction(async (tx) => {
        const before = await tx.roleBindings.find(caller.tenantId, role)
        if (targetId === null && role === 'encrypted') {
          throw new Problem('CONFLICT', 'Encrypted always has a target: without one no file could be stored. Bind another one instead.')
        }
        const reason = targetId === null ? null : refusal(role, await getTarget(tx, caller.tenantId, targetId))
        if (reason !== null) throw new Problem('CONFLICT', reason)
        if ((before?.targetId ?? null) !== targetId) {
          if (targetId === null) await tx.roleBindings.unbind(caller.tenantId, role)
          else await tx.roleBindings.bind(caller.tenantId, { role, targetId, boundAt: clock.now(), staged: false })
          const details = { role, targetId, previousTargetId: before?.targetId ?? null }
          await tx.audit.append({ ...toldBy(caller), action: 'ROLE_BOUND', details })
        }
        const { bindings, targets } = await state(tx, caller.tenantId)
        return toBinding(role, bindings, targets)
      })
    },
  }
}
export type RoleService = ReturnType<typeof roleService>
