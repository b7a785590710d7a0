import { isDeepStrictEqual } from 'node:util'
import type { Caller } from '../../core/actor.ts'
import { newId } from '../../core/ids.ts'
import { targetLocation } from '../../core/target-location.ts'
import { DatabaseConflict } from '../../db/database.ts'
import type { TargetRow } from '../../db/targets.ts'
import { toldBy } from '../caller.ts'
import type { OpenAddress, TargetDeps } from '../target-deps.ts'
import { draftTarget, insertTarget, openCredentials, requireGoodAddress, updateTarget } from '../target-save.ts'
import { testTarget } from '../target-try.ts'

const NAME = 'Bucket of the configuration'

export interface ConfiguredTarget {
  /** Makes the target of the configuration the tenant's own and binds Objects to it, once. Repeatable; cheap from the second time on. */
  ensure(tenantId: string): Promise<void>
  /** The same for every tenant that there is. */
  ensureAll(): Promise<void>
}

export type ConfiguredTargetDeps = TargetDeps & {
  /** Null: the configuration names none. */
  readonly address: OpenAddress | null
  readonly onUntested: (error: unknown) => void
}

const callerFor = (tenantId: string): Caller => ({
  actor: { kind: 'system', id: 'configuration', name: 'Configuration' },
  ...{ tenantId, role: 'admin', requestId: null },
})

/** New targets alone are bound: what an administrator chose since then stays. Answers the id. */
async function make(deps: ConfiguredTargetDeps, caller: Caller, given: { address: OpenAddress; location: string }): Promise<string> {
  const { address, location } = given
  await requireGoodAddress(deps, address)
  const id = newId()
  const row = draftTarget(deps, caller, {
    request: { name: NAME, kind: 's3', place: address.place, credentials: address.credentials },
    id,
    location,
  })
  await deps.store.transaction(async (tx) => {
    const before = await tx.roleBindings.find(caller.tenantId, 'objects')
    await insertTarget(tx, caller, row)
    await tx.roleBindings.bind(caller.tenantId, { role: 'objects', targetId: id, boundAt: deps.clock.now(), staged: false })
    const details = { role: 'objects', targetId: id, previousTargetId: before?.targetId ?? null, staged: false }
    await tx.audit.append({ ...toldBy(caller), action: 'ROLE_BOUND', details })
  })
  return id
}

/** Keys that were exchanged in the configuration hold from the next start on. */
async function follow(
  deps: ConfiguredTargetDeps,
  caller: Caller,
  { row, address }: { row: TargetRow; address: OpenAddress },
): Promise<void> {
  if (isDeepStrictEqual({ ...openCredentials(deps, row) }, { ...address.credentials })) return
  await updateTarget(deps, caller, row.id, { expectedVersion: null, changes: { credentials: address.credentials } })
}

async function ensureOf(deps: ConfiguredTargetDeps, tenantId: string, address: OpenAddress): Promise<void> {
  const location = targetLocation('s3', address.place)
  if (location === null) return
  const caller = callerFor(tenantId)
  const known = await deps.store.read.targets.findByLocation(tenantId, location)
  if (known) {
    // One that an administrator deleted stays deleted.
    if (known.removedAt === null) await follow(deps, caller, { row: known, address })
    return
  }
  try {
    const id = await make(deps, caller, { address, location })
    await testTarget(deps, caller, id, {}).catch(deps.onUntested)
  } catch (error) {
    // Another instance was first.
    if (!(error instanceof DatabaseConflict) || error.constraint !== 'targets_tenant_id_location') throw error
  }
}

const PAGE = 100

export function configuredTarget(deps: ConfiguredTargetDeps): ConfiguredTarget {
  const ensured = new Map<string, Promise<void>>()
  const ensure = async (tenantId: string): Promise<void> => {
    const { address } = deps
    if (address === null) return
    const begun = ensured.get(tenantId) ?? ensureOf(deps, tenantId, address)
    ensured.set(tenantId, begun)
    try {
      await begun
    } catch (error) {
      ensured.delete(tenantId)
      throw error
    }
  }
  return {
    ensure,
    async ensureAll() {
      for (let after = ''; deps.address !== null; ) {
        const page = await deps.store.read.tenants.page(after, PAGE)
        for (const { id } of page) await ensure(id)
        const last = page.at(-1)
        if (!last) return
        after = last.id
      }
    },
  }
}
