import { checkpointFile } from './db/audit-checkpoint-file.ts'
import { verifyAuditLog } from './db/audit-verify.ts'
import type { Instance } from './open-instance.ts'
import { type CheckOptions, type CheckReport, checkStore } from './services/check/check-store.ts'
import { createThrottle } from './services/check/throttle.ts'
import { type StoredVerdict, verifyStored } from './services/check/verify-stored.ts'
import { createDigestPool } from './services/ingest/digest-pool.ts'
import { createKnownEnds } from './services/sealed/sealed-object.ts'
import { createSegmentMemory } from './services/sealed/segment-memory.ts'

const DIGEST_THREADS = 1
const KEPT_WINDOWS = 8

export type { StoredOutcome, StoredVerdict } from './services/check/verify-stored.ts'

/** `holdfast check` over an open instance: every invariant, the audit log among them. Changes nothing. */
export async function checkInstance(instance: Instance, options: CheckOptions): Promise<CheckReport> {
  const { store, clock, keys, targets, sequencer, config } = instance
  await using digests = createDigestPool(DIGEST_THREADS)
  const verifyAudit = async (signal: AbortSignal) => {
    const note = await checkpointFile(config.dataDir).read()
    const outside = note === null ? [] : [{ note, words: 'the copy of the checkpoint in the data folder' }]
    return verifyAuditLog(store.read.audit, { verifiers: sequencer.verifiers, origin: sequencer.origin, outside, signal })
  }
  const reader = { keys, memory: createSegmentMemory(KEPT_WINDOWS), ends: createKnownEnds(1) }
  return await checkStore({ ...reader, store, clock, targets, digests, verifyAudit }, options)
}

/** What `holdfast storage verify --all` finds of each stored file, those after `after`. 0 bytes a second: as fast as it goes. */
export async function* verifyStoredFiles(
  { store, clock, keys, targets }: Instance,
  options: { after: string; bytesPerSecond: number; signal: AbortSignal },
): AsyncGenerator<StoredVerdict> {
  await using digests = createDigestPool(DIGEST_THREADS)
  const reader = { keys, memory: createSegmentMemory(KEPT_WINDOWS), ends: createKnownEnds(1) }
  const { after, signal, bytesPerSecond } = options
  yield* verifyStored({ ...reader, store, clock, targets, digests }, { after, signal, throttle: createThrottle(clock, bytesPerSecond) })
}
