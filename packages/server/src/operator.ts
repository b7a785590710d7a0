import type { AuditVerification, MemberCreate, TargetTest, TokenCreate } from '@holdfast/api'
import { Problem } from '@holdfast/api'
import { loadConfig } from './config.ts'
import { parseVerifierKey } from './core/signed-note.ts'
import { checkpointFile } from './db/audit-checkpoint-file.ts'
import { verifyAuditLog } from './db/audit-verify.ts'
import type { TargetRow } from './db/targets.ts'
import type { TenantRow } from './db/tenants.ts'
import { passwords } from './http/sessions.ts'
import type { Environment } from './keys/secrets.ts'
import { type Instance, openInstance } from './open-instance.ts'
import { type AuditExport, type AuditExportFormat, auditService } from './services/audit.ts'
import { commandLineActor, commandLineCaller } from './services/caller.ts'
import { memberService } from './services/members.ts'
import { pages } from './services/pages.ts'
import { setupService } from './services/setup.ts'
import { tokenService } from './services/tokens.ts'
import { probeEncryptedStorage } from './storage/probe-encrypted.ts'

// What the command line does on the machine of the server, beside a running server or without one. All of it is audited as done by `cli`.

/** Opens the data that `env` names, for commands on this machine. Rejects like `startServer`. */
export async function openForOperator(env: Environment): Promise<Instance> {
  const { config, secrets } = loadConfig(env)
  return openInstance(config, secrets)
}

const setup = ({ store, clock, keys }: Instance) => setupService({ store, clock, keys, passwords, code: null })

/** The tenant of this id, or the only one, which is made where there is none yet. NOT_FOUND for an id that is none, CONFLICT where one of several has to be named. */
async function getTenant(instance: Instance, id: string | null): Promise<TenantRow> {
  const { store } = instance
  if (id === null) {
    if ((await store.read.tenants.page('', 2)).length > 1)
      throw new Problem('CONFLICT', 'There are several tenants. Name one with --tenant; `holdfast tenant list` has their ids.')
    return setup(instance).ensureDefaultTenant(commandLineActor)
  }
  const tenant = await store.read.tenants.find(id)
  if (tenant === null) throw new Problem('NOT_FOUND', `There is no tenant ${id}.`)
  return tenant
}

/** Makes a tenant with its Local target, its roles and its key; `slug` is its short name. CONFLICT where that is taken. */
export async function createTenant(instance: Instance, tenant: { slug: string; name: string }): Promise<TenantRow> {
  const made = await setup(instance).addTenant(commandLineActor, tenant)
  await instance.sequencer.sequenceNow()
  return made
}

/** Every tenant, the oldest first. */
export const listTenants = ({ store }: Instance): AsyncGenerator<TenantRow> => pages((after) => store.read.tenants.page(after, PAGE))

/** Makes an API token and answers its secret, which is kept nowhere. */
export async function createToken(instance: Instance, request: TokenCreate & { tenantId: string | null }): Promise<string> {
  const { tenantId, ...token } = request
  const tenant = await getTenant(instance, tenantId)
  const { secret } = await tokenService(instance).create(commandLineCaller(tenant.id), token)
  await instance.sequencer.sequenceNow()
  return secret
}

/** Makes somebody who can sign in with a password, and answers the user's id. */
export async function createUser(instance: Instance, request: MemberCreate & { tenantId: string | null }): Promise<string> {
  const { tenantId, ...member } = request
  const tenant = await getTenant(instance, tenantId)
  const { store, clock, sequencer } = instance
  const { userId } = await memberService({ store, clock, passwords }).create(commandLineCaller(tenant.id), member)
  await sequencer.sequenceNow()
  return userId
}

export type LogCheck = {
  /** Checkpoints that somebody kept elsewhere, with words for where. */
  readonly checkpoints: readonly { readonly note: string; readonly words: string }[]
  /** Keys besides this log's own that may have signed it (C2SP vkey). */
  readonly verifierKeys: readonly string[]
}

/** Recomputes the whole log and compares it with every checkpoint, those kept elsewhere among them. */
export async function verifyLog({ store, sequencer, config }: Instance, check: LogCheck): Promise<AuditVerification> {
  const kept = await checkpointFile(config.dataDir).read()
  const own = kept === null ? [] : [{ note: kept, words: 'the copy of the checkpoint in the data folder' }]
  const { firstBad, ...seen } = await verifyAuditLog(store.read.audit, {
    verifiers: [...sequencer.verifiers, ...check.verifierKeys.map(parseVerifierKey)],
    origin: sequencer.origin,
    outside: [...own, ...check.checkpoints],
  })
  return { ...seen, firstBad: firstBad && { index: firstBad.index, entryId: firstBad.entryId, reason: firstBad.reason } }
}

/** The entries of one tenant, as lines. */
export async function exportLog(instance: Instance, request: { format: AuditExportFormat; tenantId: string | null }): Promise<AuditExport> {
  const { store, sequencer, clock, config } = instance
  const tenant = await getTenant(instance, request.tenantId)
  return auditService({ store, sequencer, clock, kept: checkpointFile(config.dataDir) }).export(commandLineCaller(tenant.id), {
    format: request.format,
  })
}

export type StorageProbe = { readonly target: { readonly id: string; readonly name: string }; readonly test: TargetTest }

/** Writes a probe through every target and proves that what lies there is sealed; the probes are gone afterwards. */
export async function* probeStorage(instance: Instance): AsyncGenerator<StorageProbe> {
  for await (const row of everyTarget(instance)) {
    const { id, name } = row
    const test = await instance.pool.use(row, (target) => probeEncryptedStorage(target, { clock: instance.clock }))
    yield { target: { id, name }, test }
  }
}

const PAGE = 100

async function* everyTarget({ store }: Instance): AsyncGenerator<TargetRow> {
  for (let after = ''; ; ) {
    const rows = await store.read.targets.pageOfAll(after, PAGE)
    yield* rows.filter((row) => row.removedAt === null)
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
  }
}
