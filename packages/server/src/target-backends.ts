import { randomUUID } from 'node:crypto'
import type { FieldError, TargetCapabilities, TargetTest, TargetTestResult, TestStep } from '@holdfast/api'
import { toIso } from './core/clock.ts'
import { addressOf, type Instance, policyOf } from './open-instance.ts'
import type { OpenAddress, TargetBackends, TryOptions } from './services/target-deps.ts'
import type { Capabilities } from './storage/capabilities.ts'
import { resolveHost } from './storage/endpoint-guard.ts'
import {
  checkAddress,
  connectSteps,
  directProbe,
  type OpenContext,
  openTarget as openAddress,
  probeCapabilities,
  type TargetAddress,
} from './storage/open-target.ts'
import { testTarget } from './storage/probe.ts'
import { type ProbeStep, remedyFor, runStep, runSteps } from './storage/probe-steps.ts'
import { StorageError, type StorageTarget } from './storage/target.ts'
import { wrapTarget } from './storage/wrap.ts'

/** A target that does not answer within this time is not waited for by a page that only shows its free space. */
const FREE_SPACE_MILLISECONDS = 2000
/** A name that is not found within this time is looked up again by each connection. */
const LOOK_UP_MILLISECONDS = 5000

type Try = {
  readonly address: TargetAddress & { readonly kind: StorageTarget['kind'] }
  readonly open: () => Promise<StorageTarget>
  readonly options: TryOptions
}

/** What the service of targets needs of the drivers. */
export function createTargetBackends(instance: Instance): TargetBackends {
  const { pool, clock, config, openTarget } = instance
  const context: OpenContext = { clock, policy: policyOf(config) }
  return {
    check: checkAddress,
    refuse: (address, signal) => refuseHost(address, context, signal),
    async freeBytes(row, signal) {
      const limit = AbortSignal.timeout(FREE_SPACE_MILLISECONDS)
      const either = signal ? AbortSignal.any([signal, limit]) : limit
      return pool.use(row, async (target) => (await target.space?.free({ signal: either })) ?? null).catch(() => null)
    },
    test: (row, options) =>
      tryTarget({ address: { ...addressOf(instance, row), kind: row.kind }, open: () => openTarget(row), options }, context),
    testDirect: (row, options) => tryDirect({ ...addressOf(instance, row), kind: row.kind }, context, options),
    tryOut(address, options) {
      const open = async () => wrapTarget(await openAddress(address, context), { clock })
      return tryTarget({ address, open, options }, context)
    },
  }
}

/** The round trip, and then what the target can do, as one more step. */
async function tryTarget({ address, open, options }: Try, context: OpenContext): Promise<TargetTestResult> {
  const { clock } = context
  const probe = { kind: address.kind, clock, ...(options.signal ? { signal: options.signal } : {}) }
  const seen: Seen = { hostKey: null }
  const onHostKey = (hostKey: string): void => {
    seen.hostKey = hostKey
  }
  const found = await stepsOf(address, { ...context, onHostKey })
  if (!Array.isArray(found)) return { ok: false, at: toIso(clock.now()), steps: [found.failed], ...seen, capabilities: null }
  const connect = isPinned(address) ? found : found.map((step) => untilCompared(step, seen))
  const test = await testTarget({ ...probe, open, connect })
  if (!test.ok) return { ...test, ...seen, capabilities: null }
  let capabilities: TargetCapabilities | null = null
  const origin = options.origin === null ? {} : { origin: options.origin }
  const run = async (signal: AbortSignal): Promise<null> => {
    capabilities = toCapabilities(await probeCapabilities(address, context, { signal, ...origin }), toIso(clock.now()))
    return null
  }
  const step = await runStep({ name: 'Find out what it can do', run }, probe)
  return { ok: step.ok, at: test.at, steps: [...test.steps, step], ...seen, capabilities }
}

/** Not the name of a case, so that no Sync takes it for a file of one. */
const PROBE_FOLDER = '.holdfast-probe'

/** Reaches the target and sends a small file the way that those of Direct go. */
async function tryDirect(
  address: Try['address'],
  context: OpenContext,
  { signal, origin, prefix }: TryOptions & { origin: string; prefix: string },
): Promise<TargetTest> {
  const { clock } = context
  const at = toIso(clock.now())
  const found = await stepsOf(address, context)
  if (!Array.isArray(found)) return { ok: false, at, steps: [found.failed] }
  const key = `${prefix}${PROBE_FOLDER}/${randomUUID()}.bin`
  await using probe = await directProbe(address, context, { key, origin })
  const steps = await runSteps([...found, ...probe.steps], { kind: address.kind, clock, ...(signal ? { signal } : {}) })
  return { ok: steps.every((step) => step.ok), at, steps }
}

type Seen = { hostKey: string | null }

const isPinned = ({ kind, place }: Try['address']): boolean => kind !== 'sftp' || (place as { hostKey?: string }).hostKey !== undefined

/** `step`, but not once a server has shown a host key that nobody has compared: credentials would go to whoever it is (T5). */
const untilCompared = (step: ProbeStep, seen: Seen): ProbeStep => ({
  name: step.name,
  async run(signal) {
    if (seen.hostKey === null) return step.run(signal)
    throw new StorageError('denied', `Not done: nobody has compared the host key ${seen.hostKey} yet`, {
      remedy: 'Compare it with what ssh-keygen -lf prints on the server. If it is the same, take it into the target and test again.',
    })
  },
})

/** The steps before the round trip, or the one that failed where the fields themselves are wrong. */
async function stepsOf(address: Try['address'], context: OpenContext): Promise<ProbeStep[] | { failed: TestStep }> {
  try {
    return await connectSteps(address, context)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    const remedy = remedyFor(address.kind, error)
    return { failed: { name: 'Check the fields', ok: false, milliseconds: 0, detail: error.message, remedy } }
  }
}

const toCapabilities = ({ freeBytes: _, ...found }: Capabilities, at: string): TargetCapabilities => ({ at, ...found })

/** Where the address leads, by the field that says so; null for AWS itself and for the disk of this server. */
function hostOf({ kind, place }: OpenAddress): { field: string; host: string } | null {
  if (kind === 'local') return null
  if (kind !== 's3') return { field: 'place.host', host: String(place.host) }
  return place.endpoint === '' ? null : { field: 'place.endpoint', host: new URL(String(place.endpoint)).hostname }
}

async function refuseHost(address: OpenAddress, { clock, policy }: OpenContext, signal?: AbortSignal): Promise<FieldError | null> {
  const found = hostOf(address)
  if (found === null) return null
  const over = new AbortController()
  const limit = signal ? AbortSignal.any([signal, over.signal]) : over.signal
  try {
    const late = clock.sleep(LOOK_UP_MILLISECONDS, limit)
    late.catch(() => {})
    await Promise.race([resolveHost(found.host.replace(/^\[|\]$/g, ''), policy ?? { allowLocal: false }), late])
    return null
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof StorageError)) throw error
    return error.fault === 'denied' ? { field: found.field, message: [error.message, error.remedy].filter(Boolean).join('. ') } : null
  } finally {
    over.abort()
  }
}
