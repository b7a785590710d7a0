import type { DirectState } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import type { Store } from '../../db/store.ts'

/** Reading back more than this may cost egress: people are asked first (D10). */
export const HASH_WARN_BYTES = 256 * 1024 * 1024

const unbound: DirectState = {
  bound: false,
  ...{ kind: null, delivery: null, targetName: null, usedBytes: null, reservedBytes: null, quotaBytes: null },
  hashWarnBytes: HASH_WARN_BYTES,
}

/** What the Direct section shows. Nothing but that it is off while no target serves it (R4). */
export const directStateService = ({ store }: { store: Store }) => ({
  async get(caller: Caller): Promise<DirectState> {
    const binding = await store.read.roleBindings.find(caller.tenantId, 'direct')
    const row = binding && (await store.read.targets.find(caller.tenantId, binding.targetId))
    if (!row || row.removedAt !== null || row.kind === 'local') return unbound
    const { kind, name: targetName, usedBytes, reservedBytes, quotaBytes } = row
    const delivery = kind === 's3' ? 'presigned' : 'server'
    return { bound: true, kind, delivery, targetName, usedBytes, reservedBytes, quotaBytes, hashWarnBytes: HASH_WARN_BYTES }
  },
})
export type DirectStateService = ReturnType<typeof directStateService>
