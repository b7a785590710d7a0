import type { Member, MemberCreate, RoleName, TargetTest } from '@holdfast/api'
import { loadConfig } from './config.ts'
import { parseVerifierKey } from './core/signed-note.ts'
import { checkpointFile } from './db/audit-checkpoint-file.ts'
import { type AuditVerdict, verifyAuditLog } from './db/audit-verify.ts'
import type { TargetRow } from './db/targets.ts'
import { passwords } from './http/sessions.ts'
import type { Environment } from './keys/secrets.ts'
import { type Instance, openInstance } from './open-instance.ts'
import { type AuditExport, type AuditExportFormat, auditService } from './services/audit.ts'
import { commandLineActor, commandLineCaller } from './services/caller.ts'
import { type CheckOptions, type CheckReport, checkStore } from './services/check/check-store.ts'
import { createDigestPool } from './services/ingest/digest-pool.ts'
import { memberService } from './services/members.ts'
import { createKnownEnds } from './services/sealed/sealed-object.ts'
import { createSegmentMemory } from './services/sealed/segment-memory.ts'
import { setupService } from './services/setup.ts'
import { tokenService } from './services/tokens.ts'
import { probeEncryptedStorage } from './storage/probe-encrypted.ts'

// What the commands on the server's own machine do. They may run beside a server: none of them takes its lock.

/** Opens the instance that `env` names for the length of `work`. */
export async function withInstance<T>(env: Environment, work: (instance: Instance) => Promise<T>): Promise<T> {
  const { config, secrets } = loadConfig(env)
  await using instance = await openInstance(config, secrets)
  return await work(instance)
}

/** The tenant of the command line; made with its Local target on a fresh data folder. */
async function ensureTenant({ store, clock, keys }: Instance): Promise<string> {
  const setup = setupService({ store, clock, passwords, keys, code: null })
  return (await setup.ensureDefaultTenant(commandLineActor)).id
}

/** Answers the secret of a new API token; it is stored nowhere. */
export async function createToken(instance: Instance, request: { role: RoleName; name?: string; expiresInDays?: number }): Promise<string> {
  const caller = commandLineCaller(await ensureTenant(instance))
  const { secret } = await tokenService(instance).create(caller, { name: `${request.role} from the command line`, ...request })
  await instance.sequencer.sequenceNow()
  return secret
}

/** Makes somebody who can sign in with a password. */
export async function createUser(instance: Instance, request: MemberCreate): Promise<Member> {
  const caller = commandLineCaller(await ensureTenant(instance))
  const member = await memberService({ ...instance, passwords }).create(caller, request)
  await instance.sequencer.sequenceNow()
  return member
}

/** Recomputes the whole audit log; also against a checkpoint (a signed note) and a verifier key that somebody kept elsewhere. */
export async function verifyAudit(
  { store, sequencer, config }: Instance,
  trust: { checkpoint?: string; key?: string; signal?: AbortSignal },
): Promise<AuditVerdict> {
  const kept = await checkpointFile(config.dataDir).read()
  const outside = [
    ...(kept === null ? [] : [{ note: kept, words: 'the checkpoint kept in the data folder' }]),
    ...(trust.checkpoint === undefined ? [] : [{ note: trust.checkpoint, words: 'the given checkpoint' }]),
  ]
  return verifyAuditLog(store.read.audit, {
    verifiers: trust.key === undefined ? sequencer.verifiers : [parseVerifierKey(trust.key)],
    origin: sequencer.origin,
    outside,
    ...(trust.signal ? { signal: trust.signal } : {}),
  })
}

/** The audit log of the command line's tenant, as text in pieces. */
export async function exportAudit(instance: Instance, format: AuditExportFormat): Promise<AuditExport> {
  const caller = commandLineCaller(await ensureTenant(instance))
  const { store, clock, sequencer, config } = instance
  return auditService({ store, clock, sequencer, kept: checkpointFile(config.dataDir) }).export(caller, { format })
}

/** Proves every invariant of the store. */
export async function checkInstance(instance: Instance, options: CheckOptions): Promise<CheckReport> {
  await using digests = createDigestPool(1)
  const { store, clock, targets, keys } = instance
  const verifyLog = (signal: AbortSignal) => verifyAudit(instance, { signal })
  const reader = { keys, memory: createSegmentMemory(8), ends: createKnownEnds(1) }
  return await checkStore({ store, clock, targets, digests, verifyAudit: verifyLog, ...reader }, options)
}

async function* targetsOf({ store }: Instance): AsyncGenerator<TargetRow> {
  for (let after = ''; ; ) {
    const rows = await store.read.targets.pageOfAll(after, 50)
    yield* rows.filter((row) => row.removedAt === null)
    const last = rows.at(-1)
    if (!last) return
    after = last.id
  }
}

/** Writes a probe through each target, reads it back and proves that what is stored is sealed (X9). */
export async function* verifyStorage(instance: Instance, signal: AbortSignal): AsyncGenerator<{ target: TargetRow; test: TargetTest }> {
  await ensureTenant(instance)
  for await (const row of targetsOf(instance)) {
    await using lease = await instance.pool.lease(row)
    yield { target: row, test: await probeEncryptedStorage(lease.target, { clock: instance.clock, signal }) }
  }
}
