import { type PageOf, Problem, type RoleBind, type RoleBinding, type StorageRole, storageRoles } from '@holdfast/api'
import type { Caller } from '../core/actor.ts'
import type { Clock } from '../core/clock.ts'
import { rolePrefixes } from '../core/object-keys.ts'
import type { RoleBindingRow } from '../db/role-bindings.ts'
import type { Store, Tables, Tx } from '../db/store.ts'
import type { TargetRow } from '../db/targets.ts'
import { toldBy } from './caller.ts'
import { getTarget } from './target-view.ts'

const mostTargets = 1000

/** Why a target cannot serve a role (R1), or null where it can. */
export function refusal(role: StorageRole, target: Pick<TargetRow, 'kind'>): string | null {
  if (role === 'direct' && target.kind === 'local') {
    return 'Direct needs an S3, SMB or SFTP target: its files are not encrypted by Holdfast, and on the disk of this server they would lie in plain.'
  }
  return null
}

/**
 * Whether new files of a role are stored on this server first where nobody says (S3): for remote targets of a single server, which
 * has its own disk. With PostgreSQL there may be others, whose disk this one does not see. Null where staging makes no sense.
 */
export function stagedByDefault(role: StorageRole, target: Pick<TargetRow, 'kind'>, database: Store['kind']): boolean | null {
  if (role !== 'encrypted' || target.kind === 'local') return null
  return database === 'sqlite'
}

/** What a request leaves open stays as it is for this target, or becomes the default. */
function chooseStaged(request: RoleBind, given: { usual: boolean | null; before: RoleBindingRow | null }): boolean {
  const { usual, before } = given
  if (request.staged && usual === null) {
    throw new Problem(
      'CONFLICT',
      'Only Encrypted Storage on a remote target can be staged: other files are written straight to their target.',
    )
  }
  if (request.staged !== undefined) return request.staged
  return before !== null && before.targetId === request.targetId ? before.staged : (usual ?? false)
}

/** Which target each role writes to (R1). Files stay where they were written: a binding tells where new ones go (R2). */
export const roleService = ({ store, clock }: { store: Store; clock: Clock }) => {
  const state = async (tables: Tables, tenantId: string) => ({
    bindings: await tables.roleBindings.list(tenantId),
    targets: await tables.targets.list(tenantId, { limit: mostTargets, after: null }),
  })
  const toBinding = (role: StorageRole, { bindings, targets }: Awaited<ReturnType<typeof state>>): RoleBinding => {
    const binding = bindings.find((one) => one.role === role)
    const eligible = targets.map((target) => {
      const reason = refusal(role, target)
      return {
        targetId: target.id,
        name: target.name,
        ok: reason === null,
        reason,
        stagedByDefault: stagedByDefault(role, target, store.kind),
      }
    })
    return { role, targetId: binding?.targetId ?? null, prefix: rolePrefixes[role], staged: binding?.staged ?? false, eligible }
  }

  const change = async (tx: Tx, caller: Caller, { role, request }: { role: StorageRole; request: RoleBind }): Promise<void> => {
    const before = await tx.roleBindings.find(caller.tenantId, role)
    const target = request.targetId === null ? null : await getTarget(tx, caller.tenantId, request.targetId)
    const reason = target && refusal(role, target)
    if (reason) throw new Problem('CONFLICT', reason)
    const usual = target && stagedByDefault(role, target, store.kind)
    const staged = chooseStaged(request, { usual, before })
    if ((before?.targetId ?? null) === request.targetId && (before?.staged ?? false) === staged) return
    if (target === null) await tx.roleBindings.unbind(caller.tenantId, role)
    else await tx.roleBindings.bind(caller.tenantId, { role, targetId: target.id, boundAt: clock.now(), staged })
    const details = { role, targetId: request.targetId, previousTargetId: before?.targetId ?? null, staged }
    await tx.audit.append({ ...toldBy(caller), action: 'ROLE_BOUND', details })
  }

  return {
    async list(caller: Caller): Promise<PageOf<RoleBinding>> {
      const found = await state(store.read, caller.tenantId)
      return { items: storageRoles.map((role) => toBinding(role, found)), nextCursor: null }
    },

    /** Null unbinds. CONFLICT where the target cannot serve the role, with the reason. */
    async bind(caller: Caller, role: StorageRole, request: RoleBind): Promise<RoleBinding> {
      if (request.targetId === null && role === 'encrypted') {
        throw new Problem('CONFLICT', 'Encrypted always has a target: without one no file could be stored. Bind another one instead.')
      }
      return store.transaction(async (tx) => {
        await change(tx, caller, { role, request })
        return toBinding(role, await state(tx, caller.tenantId))
      })
    },
  }
}
export type RoleService = ReturnType<typeof roleService>
