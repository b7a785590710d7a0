import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RoleName, roles } from '@holdfast/api'
import type { InjectOptions } from 'fastify'
import { createApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { noCrashPoints } from '../src/core/crash-point.ts'
import { createNoteSigner } from '../src/core/signed-note.ts'
import { auditLog } from '../src/db/audit-log.ts'
import { createSequencer } from '../src/db/audit-sequencer.ts'
import type { Database } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { openSqlite } from '../src/db/sqlite.ts'
import { createStore, type Store } from '../src/db/store.ts'
import type { TargetRow } from '../src/db/targets.ts'
import type { HttpApp } from '../src/http/app-types.ts'
import { createLogger } from '../src/http/request-log.ts'
import type { Services } from '../src/http/services.ts'
import { environmentKeyProvider } from '../src/keys/environment-provider.ts'
import { createKeyHierarchy } from '../src/keys/hierarchy.ts'
import { credentialSealer } from '../src/keys/sealed-credentials.ts'
import { builtinRoot, type Instance } from '../src/open-instance.ts'
import { commandLineActor, commandLineCaller } from '../src/services/caller.ts'
import { createTenant } from '../src/services/setup.ts'
import { createTargetAccess } from '../src/services/target-access.ts'
import { createLocalRoot } from '../src/storage/local.ts'
import { createMemoryStore, memoryTarget } from '../src/storage/memory.ts'
import { createTargetPool } from '../src/storage/target-pool.ts'
import { checkAnswer, isJson } from './http-contract.ts'
import { movableClock, type TestClock } from './test-clock.ts'

export { movableClock, type TestClock } from './test-clock.ts'

export type Tenant = { readonly id: string; readonly targetId: string; readonly tokens: Readonly<Record<RoleName, string>> }

/** The whole server over a database and a target in memory, with two tenants, each with an API token of every role. */
export interface World extends AsyncDisposable {
  readonly app: HttpApp
  readonly services: Services
  readonly store: Store
  readonly clock: TestClock
  readonly tenant: Tenant
  readonly other: Tenant
  readonly setupCode: string | null
  /** Everything that was logged, as it was written. */
  readonly logged: string[]
}

export type WorldOptions = {
  /** SQLite in memory where absent. It stays open. */
  readonly database?: Database
  readonly publicUrl?: string
  readonly webRoot?: string
  /** Without tenants, as a new server is. */
  readonly fresh?: boolean
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const clock = movableClock()
  const instance = await openMemoryInstance(opened, { ...options, clock })
  const { store } = instance
  const logged: string[] = []
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void logged.push(line) } })
  const app = opened.use(await createApp(instance, { logger, webRoot: options.webRoot ?? null }))
  const none = { id: '', targetId: '', tokens: { admin: '', examiner: '', viewer: '', auditor: '' } }
  const tenant = options.fresh ? none : await makeTenant(store, app.services, 'first')
  const other = options.fresh ? none : await makeTenant(store, app.services, 'second')
  const resources = opened.move()
  return {
    ...{ app: app.http, services: app.services, store, clock, tenant, other, setupCode: app.setupCode, logged },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

type Opened = AsyncDisposableStack

const randomKey = (): string => randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

async function openMemoryInstance(opened: Opened, options: WorldOptions & { clock: TestClock }): Promise<Instance> {
  const { clock } = options
  const points = noCrashPoints
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-http-'))
  opened.defer(() => rm(dataDir, { recursive: true, force: true }))
  const database = options.database ?? opened.use(await openSqlite(':memory:'))
  await migrate(database, { clock, version: '0.0.0-test' })
  const signer = createNoteSigner('holdfast.test', new Uint8Array(randomBytes(32)))
  const sequencer = opened.use(createSequencer({ database, signer, clock, points, kept: null }))
  const store = createStore(database, { clock, auditLog: (sql) => auditLog(sql, { clock }) })
  const { config, secrets } = loadConfig({
    HOLDFAST_DATA_DIR: dataDir,
    HOLDFAST_MASTER_KEY: randomKey(),
    CREDENTIAL_ENCRYPTION_KEY: randomKey(),
    HOLDFAST_AUDIT_KEY: randomKey(),
    ...(options.publicUrl === undefined ? {} : { HOLDFAST_PUBLIC_URL: options.publicUrl }),
  })
  const provider = opened.use(environmentKeyProvider(secrets.masterKey))
  const keys = opened.use(createKeyHierarchy({ store, provider, clock }))
  const credentials = credentialSealer(secrets.credentialKey)
  // What a target can do is found out where its row says that it is.
  await createLocalRoot(builtinRoot(config))
  const objects = createMemoryStore()
  const openTarget = async () => memoryTarget(clock, objects)
  const pool = opened.use(createTargetPool<TargetRow>({ open: openTarget }))
  const targets = createTargetAccess({ store, pool })
  return {
    ...{ config, secrets, clock, points, database, store, sequencer, keys, credentials, openTarget, pool, targets },
    [Symbol.asyncDispose]: async () => {},
  }
}

async function makeTenant(store: Store, services: Services, slug: string): Promise<Tenant> {
  const origin = { actor: commandLineActor, requestId: null, at: Date.now() }
  const { id } = await store.transaction((tx) => createTenant(tx, { slug, name: `Tenant ${slug}` }, origin))
  const caller = commandLineCaller(id)
  const tokens = {} as Record<RoleName, string>
  for (const role of roles) tokens[role] = (await services.tokens.create(caller, { name: `${role} of ${slug}`, role })).secret
  const [target] = await store.read.targets.list(id, { limit: 1, after: null })
  return { id, targetId: target?.id ?? '', tokens }
}

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  readonly url: string
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}
export type Answer<T = Record<string, unknown>> = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly text: string
  readonly json: T
}

/** Sends one request through the whole server, without a socket, and holds the answer to the OpenAPI document. */
export async function send<T = Record<string, unknown>>(app: HttpApp, call: Call): Promise<Answer<T>> {
  const headers = { ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }), ...call.headers }
  const request: InjectOptions = { method: call.method ?? 'GET', url: call.url, headers }
  if (call.body !== undefined) request.payload = call.body as NonNullable<InjectOptions['payload']>
  const response = await app.inject(request)
  const type = String(response.headers['content-type'] ?? '').split(';', 1)[0] ?? ''
  checkAnswer(app, { method: request.method as string, url: call.url, status: response.statusCode, type, text: response.payload })
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.payload,
    json: (isJson(type) ? response.json() : {}) as T,
  }
}
