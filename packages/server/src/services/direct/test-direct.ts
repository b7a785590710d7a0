import type { TargetTestResult, TestStep } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { toIso } from '../../core/clock.ts'
import { directPrefix } from '../../core/object-keys.ts'
import type { TargetRow } from '../../db/targets.ts'
import { toldBy } from '../caller.ts'
import type { TargetDeps } from '../target-deps.ts'

export type DirectTestRequest = { readonly signal?: AbortSignal | undefined; readonly origin: string }

const boundStep = (target: TargetRow | null): TestStep => ({
  name: 'Find the target that Direct is bound to',
  ok: target !== null,
  milliseconds: 0,
  detail: target?.name ?? 'No target serves Direct Storage',
  remedy: target ? null : 'Bind an S3, SMB or SFTP target to Direct under Settings, Storage.',
})

async function findBound({ store }: TargetDeps, tenantId: string): Promise<TargetRow | null> {
  const binding = await store.read.roleBindings.find(tenantId, 'direct')
  const target = binding && (await store.read.targets.find(tenantId, binding.targetId))
  return target?.removedAt === null ? target : null
}

/**
 * Test Direct (R3): sends a small file the way that those of users go, as a page at `origin` would where they go straight to the bucket,
 * and notes on the target how it went (T7). Leaves nothing behind where the target still answers.
 */
export async function testDirect(deps: TargetDeps, caller: Caller, { signal, origin }: DirectTestRequest): Promise<TargetTestResult> {
  const target = await findBound(deps, caller.tenantId)
  const at = toIso(deps.clock.now())
  const prefix = directPrefix(caller.tenantId)
  const tried = target ? await deps.backends.testDirect(target, { signal, origin, prefix }) : { ok: false, at, steps: [] }
  const steps = [boundStep(target), ...tried.steps]
  const failedStep = steps.find((step) => !step.ok)?.name ?? null
  await deps.store.transaction(async (tx) => {
    if (target) await tx.targets.noteTest(target.id, { at: deps.clock.now(), ok: tried.ok })
    const details = { targetId: target?.id ?? null, name: target?.name ?? null, ok: tried.ok, failedStep, role: 'direct', origin }
    await tx.audit.append({ ...toldBy(caller), result: tried.ok ? 'ok' : 'failed', action: 'TARGET_TESTED', details })
  })
  return { ok: tried.ok, at: tried.at, steps, hostKey: null, capabilities: target?.capabilities ?? null }
}
