import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { TargetTest } from '@holdfast/api'
import { toIso } from '../core/clock.ts'
import { PROBE_PREFIX } from '../core/object-keys.ts'
import { saySize } from '../core/size-words.ts'
import { floeProbeLayer, type SealLayer } from './probe-seal.ts'
import { type ProbeContext, type ProbeStep, runStep, runSteps } from './probe-steps.ts'
import { StorageError, type StorageTarget } from './target.ts'

export type TestOptions = ProbeContext & {
  /** Opens the target as its row says. */
  readonly open: () => Promise<StorageTarget>
  /** What comes before, e.g. looking up the name of the server. */
  readonly connect?: readonly ProbeStep[]
  readonly layer?: SealLayer
}

/** Several segments of the probe's container, and a last one that is not full. */
const PROBE_BYTES = 100_000

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const broken = (message: string, remedy: string): StorageError => new StorageError('unavailable', message, { remedy })

type Probe = {
  target: StorageTarget | null
  readonly key: string
  readonly layer: SealLayer
  plaintext: Uint8Array
  stored: Uint8Array
  read: Uint8Array
}

const getTarget = (probe: Probe): StorageTarget => {
  if (!probe.target) throw new StorageError('closed', 'The target is not open')
  return probe.target
}

async function writeInParts(probe: Probe, signal: AbortSignal): Promise<void> {
  const target = getTarget(probe)
  const write = await target.beginWrite(probe.key, probe.stored.length, { signal })
  try {
    const receipt = await target.writePart(probe.key, write, { number: 1, offset: 0, bytes: probe.stored }, { signal })
    await target.flushWrite(probe.key, write, { signal })
    await target.commitWrite(probe.key, write, [receipt], { signal })
  } catch (error) {
    await target.abortWrite(probe.key, write).catch(() => {})
    throw error
  }
}

/** What the sweep does with uploads that nobody goes on with. */
async function giveUpWrite(probe: Probe, signal: AbortSignal): Promise<null> {
  const { key } = probe
  const target = getTarget(probe)
  const write = await target.beginWrite(key, 1, { signal })
  try {
    for await (const found of target.listWrites(PROBE_PREFIX, Number.MAX_SAFE_INTEGER, { signal })) if (found.key === key) break
  } finally {
    await target.abortWrite(key, write, { signal })
  }
  return null
}

async function compare(probe: Probe): Promise<string> {
  if (sha256(probe.read) !== sha256(probe.stored)) {
    throw broken('What was read is not what was written', 'Do not use this storage: it changed bytes. Check its disks, memory and proxies.')
  }
  const opened = await probe.layer.open(probe.read)
  if (sha256(opened) !== sha256(probe.plaintext))
    throw broken('The opened probe differs from what was sealed', 'Check the memory of this machine.')
  return `SHA-256 ${sha256(opened)}`
}

async function isListed(probe: Probe, signal: AbortSignal): Promise<boolean> {
  for await (const { key } of getTarget(probe).list(PROBE_PREFIX, { signal })) if (key === probe.key) return true
  return false
}

const stepsOf = (probe: Probe, options: TestOptions): ProbeStep[] => [
  {
    name: 'Open the target',
    async run() {
      probe.target = await options.open()
      const free = await probe.target.space?.free()
      return typeof free === 'number' ? `${saySize(free)} free` : null
    },
  },
  {
    name: 'Write a sealed probe',
    async run(signal) {
      probe.plaintext = randomBytes(PROBE_BYTES)
      probe.stored = await probe.layer.seal(probe.plaintext)
      await getTarget(probe).put(probe.key, probe.stored, { signal })
      return `${probe.stored.length} bytes`
    },
  },
  {
    name: 'Replace it by a write in parts',
    async run(signal) {
      probe.stored = await probe.layer.seal(probe.plaintext)
      await writeInParts(probe, signal)
      return null
    },
  },
  {
    name: 'Read it back',
    async run(signal) {
      const target = getTarget(probe)
      const stat = await target.stat(probe.key, { signal })
      if (!stat)
        throw broken(
          'The object is not there although the write succeeded',
          'Check that all servers behind this address share one storage.',
        )
      probe.read = await target.read(probe.key, 0, stat.size, { signal })
      return null
    },
  },
  { name: 'Compare the hash', run: () => compare(probe) },
  {
    name: 'List objects',
    async run(signal) {
      if (!(await isListed(probe, signal)))
        throw broken('The object is not listed', 'Check the permission to list, and that listings are not cached.')
      return null
    },
  },
  { name: 'Give up a write', run: (signal) => giveUpWrite(probe, signal) },
  {
    name: 'Delete it',
    async run(signal) {
      const target = getTarget(probe)
      await target.delete(probe.key, { signal })
      if (await target.stat(probe.key, { signal }))
        throw broken('The object is still there after it was deleted', 'Check the permission to delete and retention rules.')
      return null
    },
  },
]

/**
 * Test connection (T6): the real round trip through the encryption layer, step by step up to the first that fails, which says what
 * to do about it. Rejects only with the reason of the signal. Leaves nothing behind where the target still answers.
 */
export async function testTarget(options: TestOptions): Promise<TargetTest> {
  const { clock, connect = [], layer = floeProbeLayer() } = options
  const nothing = new Uint8Array()
  const key = `${PROBE_PREFIX}${randomUUID()}.bin`
  const probe: Probe = { target: null, key, layer, plaintext: nothing, stored: nothing, read: nothing }
  try {
    const steps = await runSteps([...connect, ...stepsOf(probe, options)], options)
    return { ok: steps.every((step) => step.ok), at: toIso(clock.now()), steps }
  } finally {
    await cleanUp(probe, options)
  }
}

async function cleanUp({ target, key }: Probe, { kind, clock }: ProbeContext): Promise<void> {
  if (!target) return
  const run = async (): Promise<null> => {
    await target.delete(key)
    await target[Symbol.asyncDispose]()
    return null
  }
  await runStep({ name: 'Clean up', run }, { kind, clock })
}
