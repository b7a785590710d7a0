import { randomBytes, randomUUID } from 'node:crypto'
import type { TargetTest } from '@holdfast/api'
import { type ContainerFormat, detectContainer } from '@holdfast/container'
import { toIso } from '../core/clock.ts'
import { floeProbeLayer, type SealLayer } from './probe-seal.ts'
import { type ProbeContext, type ProbeStep, runSteps } from './probe-steps.ts'
import { StorageError, type StorageTarget } from './target.ts'

export type EncryptedProbeOptions = Omit<ProbeContext, 'kind'> & {
  /** How this storage seals; a FLOE layer with a key of its own where not given. */
  readonly layer?: SealLayer
}

/** Bytes of plaintext that must not be found in a row in the raw object. */
const WINDOW = 16

const failed = (message: string, remedy: string): StorageError => new StorageError('unavailable', message, { remedy })

/** Whether `raw` holds any aligned window of `plaintext`. */
export function revealsPlaintext(raw: Uint8Array, plaintext: Uint8Array): boolean {
  const [haystack, needles] = [raw, plaintext].map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as [
    Buffer,
    Buffer,
  ]
  for (let at = 0; at + WINDOW <= needles.length; at += WINDOW) {
    if (haystack.includes(needles.subarray(at, at + WINDOW))) return true
  }
  return false
}

function judgeRaw(raw: Uint8Array, plaintext: Uint8Array): ContainerFormat {
  const fix = 'Do not store files here until this is solved: what is written is readable by everybody who can read the storage.'
  if (revealsPlaintext(raw, plaintext)) throw failed('The raw object holds the plaintext of the probe', fix)
  const format = detectContainer(raw)
  if (!format) throw failed('The raw object does not begin as a container does', fix)
  return format
}

/**
 * `holdfast storage verify` (X9): writes a unique probe through the sealing layer, reads it back through it, then reads the raw
 * object and fails where it holds plaintext or does not begin as a container. The probe is deleted in any case.
 */
export async function probeEncryptedStorage(target: StorageTarget, options: EncryptedProbeOptions): Promise<TargetTest> {
  const { clock, layer = floeProbeLayer() } = options
  const key = `holdfast-probe/${randomUUID()}.bin`
  const plaintext = Buffer.concat([Buffer.from(`holdfast-probe ${key}\n`), randomBytes(40_000), Buffer.alloc(64, 'holdfast')])
  let raw: Uint8Array = new Uint8Array()
  const readRaw = async (signal: AbortSignal): Promise<Uint8Array> => {
    const stat = await target.stat(key, { signal })
    if (!stat) throw failed('The probe is not there although the write succeeded', 'Check the storage with Test connection.')
    return target.read(key, 0, stat.size, { signal })
  }
  const steps: ProbeStep[] = [
    {
      name: 'Write a probe through the storage',
      run: async (signal) => {
        await target.put(key, await layer.seal(plaintext), { signal })
        return key
      },
    },
    {
      name: 'Read it back through the storage',
      run: async (signal) => {
        raw = await readRaw(signal)
        if (!Buffer.from(await layer.open(raw)).equals(plaintext))
          throw failed('The probe came back changed', 'Check the disk of the storage.')
        return `${plaintext.length} bytes`
      },
    },
    { name: 'Read the raw object', run: async () => `a ${judgeRaw(raw, plaintext)} container, ${raw.length} bytes` },
  ]
  try {
    const done = await runSteps(steps, { ...options, kind: target.kind })
    return { ok: done.every((step) => step.ok), at: toIso(clock.now()), steps: done }
  } finally {
    await target.delete(key).catch(() => {})
  }
}
