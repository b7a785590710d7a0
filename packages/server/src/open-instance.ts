import { join } from 'node:path'
import type { Config } from './config.ts'
import { logOrigin } from './core/checkpoint.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { type CrashPoints, noCrashPoints } from './core/crash-point.ts'
import { createNoteSigner } from './core/signed-note.ts'
import { checkpointFile } from './db/audit-checkpoint-file.ts'
import { auditLog } from './db/audit-log.ts'
import { createSequencer, type Sequencer } from './db/audit-sequencer.ts'
import type { Database } from './db/database.ts'
import { ensureInstanceId } from './db/instance.ts'
import { migrate } from './db/migrate.ts'
import { createStore, type Store } from './db/store.ts'
import type { TargetRow } from './db/targets.ts'
import { environmentKeyProvider } from './keys/environment-provider.ts'
import { createKeyHierarchy, type KeyHierarchy } from './keys/hierarchy.ts'
import { type CredentialSealer, credentialSealer } from './keys/sealed-credentials.ts'
import type { Secrets } from './keys/secrets.ts'
import { createTargetAccess, type TargetAccess } from './services/target-access.ts'
import type { EndpointPolicy } from './storage/endpoint-guard.ts'
import { createLocalRoot } from './storage/local.ts'
import { openTarget as openAddress, type TargetAddress } from './storage/open-target.ts'
import type { StorageTarget } from './storage/target.ts'
import { createTargetPool, type TargetPool } from './storage/target-pool.ts'
import { wrapTarget } from './storage/wrap.ts'
import { version } from './version.ts'

/** What tests replace. */
export type Overrides = {
  readonly clock?: Clock
  readonly points?: CrashPoints
  /** Wraps each opened target once more, e.g. to inject faults. */
  readonly wrap?: (target: StorageTarget) => StorageTarget
}

/**
 * The data of a Holdfast and what opens it, without anybody to serve it: what the server, the worker and the commands on this
 * machine have in common.
 */
export interface Instance extends AsyncDisposable {
  readonly config: Config
  readonly secrets: Secrets
  readonly clock: Clock
  readonly points: CrashPoints
  readonly database: Database
  readonly store: Store
  readonly sequencer: Sequencer
  readonly keys: KeyHierarchy
  readonly credentials: CredentialSealer
  /** Opens a target anew, for whoever must not share one, e.g. to test it. */
  readonly openTarget: (row: TargetRow) => Promise<StorageTarget>
  readonly pool: TargetPool<TargetRow>
  readonly targets: TargetAccess
}

/** The driver of the other kind of database is never loaded. */
async function openDatabase({ databaseUrl, dataDir }: Config): Promise<Database> {
  if (databaseUrl) return (await import('./db/postgres.ts')).openPostgres(databaseUrl)
  return (await import('./db/sqlite.ts')).openSqlite(join(dataDir, 'holdfast.db'))
}

/** The folder of the built-in Local target (T2). */
export const builtinRoot = (config: Pick<Config, 'dataDir'>): string => join(config.dataDir, 'objects')

/**
 * Opens the database, brings it to the newest layout and proves that the master key and the audit key are those it was made with.
 * Rejects with `DatabaseRefused` or `KeyError` and leaves everything as it was.
 */
export async function openInstance(config: Config, secrets: Secrets, overrides: Overrides = {}): Promise<Instance> {
  const clock = overrides.clock ?? systemClock
  const points = overrides.points ?? noCrashPoints
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openDatabase(config))
  await migrate(database, { clock, version, points })
  const sequencer = opened.use(
    createSequencer({
      database,
      signer: createNoteSigner(logOrigin(await ensureInstanceId(database)), secrets.auditKey),
      clock,
      points,
      kept: checkpointFile(config.dataDir),
    }),
  )
  const store = createStore(database, { clock, auditLog: (sql) => auditLog(sql, { clock, appended: () => sequencer.nudge() }) })
  const provider = opened.use(environmentKeyProvider(secrets.masterKey))
  const keys = opened.use(createKeyHierarchy({ store, provider, clock }))
  await keys.verifyTenantKeys()
  await sequencer.requireKey()
  const credentials = credentialSealer(secrets.credentialKey)
  await createLocalRoot(builtinRoot(config))
  const openTarget = openRow({ config, credentials, clock, wrap: overrides.wrap })
  const pool = opened.use(createTargetPool<TargetRow>({ open: openTarget }))
  const targets = createTargetAccess({ store, pool })
  const resources = opened.move()
  return {
    ...{ config, secrets, clock, points, database, store, sequencer, keys, credentials, openTarget, pool, targets },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

type OpenRowDeps = { config: Config; credentials: CredentialSealer; clock: Clock; wrap: Overrides['wrap'] }

/** What opens the target of a row: its secrets are in the open in it. */
export const addressOf = ({ config, credentials }: Pick<OpenRowDeps, 'config' | 'credentials'>, row: TargetRow): TargetAddress => ({
  kind: row.kind,
  place: row.builtin ? { path: builtinRoot(config) } : row.place,
  credentials: row.credentials && credentials.open(row.credentials, { tenantId: row.tenantId, targetId: row.id }),
})

/** Where targets may lie, for each look-up of a name and each connection. */
export const policyOf = (config: Pick<Config, 'allowLocalTargets'>): EndpointPolicy => ({ allowLocal: config.allowLocalTargets })

const openRow =
  (deps: OpenRowDeps) =>
  async (row: TargetRow): Promise<StorageTarget> => {
    const { config, clock, wrap } = deps
    const target = await openAddress(addressOf(deps, row), { clock, policy: policyOf(config), capabilities: row.capabilities })
    return wrapTarget(wrap ? wrap(target) : target, { clock })
  }
