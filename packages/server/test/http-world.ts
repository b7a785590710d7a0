import { randomBytes } from 'node:crypto'
import { type RoleName, roles } from '@holdfast/api'
import type { InjectOptions } from 'fastify'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { auditLog } from '../src/db/audit-log.ts'
import type { Database } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { openSqlite } from '../src/db/sqlite.ts'
import { createStore, type Store } from '../src/db/store.ts'
import type { HttpApp } from '../src/http/app-types.ts'
import { createLogger } from '../src/http/request-log.ts'
import { createHttpServer, type HttpConfig } from '../src/http/server.ts'
import type { Services } from '../src/http/services.ts'
import { createSessions, passwords } from '../src/http/sessions.ts'
import { environmentKeyProvider } from '../src/keys/environment-provider.ts'
import { createKeyHierarchy } from '../src/keys/hierarchy.ts'
import { credentialSealer } from '../src/keys/sealed-credentials.ts'
import { accessService } from '../src/services/access.ts'
import { commandLineActor, commandLineCaller } from '../src/services/caller.ts'
import { caseService, type FilesBelow } from '../src/services/cases.ts'
import { deriveSecret } from '../src/services/derived-secrets.ts'
import { idempotencyService } from '../src/services/idempotency.ts'
import { itemService } from '../src/services/items.ts'
import { jobService } from '../src/services/jobs.ts'
import { memberService } from '../src/services/members.ts'
import { roleService } from '../src/services/roles.ts'
import { createTenant, mintSetupCode, setupService } from '../src/services/setup.ts'
import { systemService } from '../src/services/system.ts'
import { type TargetBackends, targetService } from '../src/services/targets.ts'
import { tokenService } from '../src/services/tokens.ts'
import { memoryTarget } from '../src/storage/memory.ts'
import { checkAddress } from '../src/storage/open-target.ts'

export type TestClock = Clock & { advance(milliseconds: number): void }

/** The real time, which can be put forward. */
export function movableClock(): TestClock {
  let ahead = 0
  return {
    now: () => systemClock.now() + ahead,
    sleep: systemClock.sleep,
    advance(milliseconds) {
      ahead += milliseconds
    },
  }
}

export type Tenant = { readonly id: string; readonly targetId: string; readonly tokens: Readonly<Record<RoleName, string>> }

/** A server in memory with two tenants, each with an API token of every role. */
export interface World extends AsyncDisposable {
  readonly app: HttpApp
  readonly services: Services
  readonly store: Store
  readonly database: Database
  readonly clock: TestClock
  readonly tenant: Tenant
  readonly other: Tenant
  readonly setupCode: string
  /** Everything that was logged, as it was written. */
  readonly logged: string[]
  /** Scopes whose files were to be deleted. */
  readonly deletedBelow: { caseId: string; itemId: string | null }[]
}

export type WorldOptions = {
  readonly database?: Database
  readonly config?: Partial<HttpConfig>
  readonly backends?: Partial<TargetBackends>
  /** Without tenants, as a new server is. */
  readonly fresh?: boolean
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const clock = movableClock()
  const database = options.database ?? (await openSqlite(':memory:'))
  await migrate(database, { clock, version: '0.0.0-test' })
  const store = createStore(database, { clock, auditLog: (sql) => auditLog(sql, { clock }) })
  const logged: string[] = []
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void logged.push(line) } })
  const config = { publicUrl: null, trustProxy: false, webRoot: null, version: '0.0.0-test', ...options.config }
  const deletedBelow: World['deletedBelow'] = []
  const setup = mintSetupCode()
  const services = createServices({
    store,
    clock,
    database,
    logger,
    deletedBelow,
    code: setup.code,
    config,
    backends: options.backends ?? {},
  })
  const app = await createHttpServer({ services, config, logger, clock })
  const none = { id: '', targetId: '', tokens: { admin: '', examiner: '', viewer: '', auditor: '' } }
  const tenant = options.fresh ? none : await makeTenant(store, services, 'first')
  const other = options.fresh ? none : await makeTenant(store, services, 'second')
  return {
    app,
    services,
    store,
    database,
    clock,
    tenant,
    other,
    setupCode: setup.text,
    logged,
    deletedBelow,
    async [Symbol.asyncDispose]() {
      await app.close()
      if (!options.database) await database[Symbol.asyncDispose]()
    },
  }
}

type Parts = {
  store: Store
  clock: Clock
  database: Database
  logger: ReturnType<typeof createLogger>
  deletedBelow: World['deletedBelow']
  code: ReturnType<typeof mintSetupCode>['code']
  config: HttpConfig
  backends: Partial<TargetBackends>
}

function createServices(parts: Parts): Services {
  const { store, clock, database, logger, config } = parts
  const credentialKey = new Uint8Array(randomBytes(32))
  const keys = createKeyHierarchy({ store, clock, provider: environmentKeyProvider(new Uint8Array(randomBytes(32))) })
  const files: FilesBelow = {
    async deleteBelow(_tx, _caller, scope) {
      parts.deletedBelow.push(scope)
      return 0
    },
  }
  return {
    access: accessService({ store }),
    setup: setupService({ store, clock, passwords, keys, code: parts.code }),
    members: memberService({ store, clock, passwords }),
    tokens: tokenService({ store, clock }),
    cases: caseService({ store, clock, files }),
    items: itemService({ store, clock, files }),
    targets: targetService({
      store,
      clock,
      credentials: credentialSealer(credentialKey),
      backends: { ...memoryBackends(clock), ...parts.backends },
    }),
    roles: roleService({ store, clock }),
    jobs: jobService({ store }),
    system: systemService({ store, version: config.version, publicUrl: config.publicUrl }),
    idempotency: idempotencyService({ store, clock, hashKey: deriveSecret(credentialKey, 'idempotency') }),
    sessions: createSessions({ database, secret: deriveSecret(credentialKey, 'sessions'), publicUrl: config.publicUrl, logger }),
  }
}

/** A round trip through a target in memory. */
function memoryBackends(clock: Clock): TargetBackends {
  const target = memoryTarget(clock)
  return {
    check: checkAddress,
    freeBytes: async () => null,
    async test() {
      await target.put('test', Uint8Array.of(1))
      await target.delete('test')
      return {
        ok: true,
        at: new Date(clock.now()).toISOString(),
        steps: [{ name: 'write', ok: true, milliseconds: 0, detail: null, remedy: null }],
      }
    },
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

/** Sends one request through the whole server, without a socket. */
export async function send<T = Record<string, unknown>>(app: HttpApp, call: Call): Promise<Answer<T>> {
  const headers = { ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }), ...call.headers }
  const request: InjectOptions = { method: call.method ?? 'GET', url: call.url, headers }
  if (call.body !== undefined) request.payload = call.body as NonNullable<InjectOptions['payload']>
  const response = await app.inject(request)
  const isJson = String(response.headers['content-type']).includes('json')
  return { status: response.statusCode, headers: response.headers, text: response.payload, json: (isJson ? response.json() : {}) as T }
}
