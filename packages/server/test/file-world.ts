import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, File, Part, ProblemDocument, RoleName, UploadCreate, UploadSession } from '@holdfast/api'
import type { Logger } from 'pino'
import { type App, createApp } from '../src/app.ts'
import type { Config } from '../src/config.ts'
import { defaultObjectConfig, type ObjectConfig } from '../src/config-objects.ts'
import type { HttpApp } from '../src/http/app-types.ts'
import { createLogger } from '../src/http/request-log.ts'
import type { Secrets } from '../src/keys/secrets.ts'
import { type Instance, type Overrides, openInstance } from '../src/open-instance.ts'
import { commandLineActor, commandLineCaller } from '../src/services/caller.ts'
import { createTenant } from '../src/services/setup.ts'
import { checkAnswer } from './http-contract.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const contentDigest = (bytes: Uint8Array): string => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

export const newSecrets = (): Secrets => ({
  masterKey: new Uint8Array(randomBytes(32)),
  credentialKey: new Uint8Array(randomBytes(32)),
  auditKey: new Uint8Array(randomBytes(32)),
})

export type Answer<T> = { readonly status: number; readonly headers: Headers; readonly body: T; readonly problem: ProblemDocument }

/** Typed calls of a running server over real HTTP. */
export type Api = ReturnType<typeof apiOf>

/** With `app`, each answer is held to the OpenAPI document of that server. */
export function apiOf(origin: string, token: string, app: HttpApp | null = null) {
  async function call<T>(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const raw = options.body instanceof Uint8Array
    const hasBody = options.body !== undefined
    const response = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(hasBody ? { 'content-type': raw ? 'application/octet-stream' : 'application/json' } : {}),
        ...options.headers,
      },
      ...(hasBody ? { body: raw ? (options.body as Uint8Array<ArrayBuffer>) : JSON.stringify(options.body) } : {}),
    })
    const text = await response.text()
    const type = response.headers.get('content-type')?.split(';', 1)[0] ?? ''
    if (app) checkAnswer(app, { method, url: `/api/v1${path}`, status: response.status, type, text })
    const body = response.headers.get('content-type')?.includes('json') && text ? JSON.parse(text) : text
    return { status: response.status, headers: response.headers, body, problem: body }
  }
  const must = async <T>(answer: Promise<Answer<T>>): Promise<T> => {
    const { status, body } = await answer
    if (status >= 300) throw new Error(`Status ${status}: ${JSON.stringify(body)}`)
    return body
  }
  const api = {
    origin,
    token,
    call,
    newCase: (number = `CASE-${randomBytes(6).toString('hex')}`) =>
      must<Case>(call('POST', '/cases', { body: { number, title: 'A case' } })),
    initiate: (create: UploadCreate) => must<UploadSession>(call('POST', '/upload-sessions', { body: create })),
    session: (id: string) => must<UploadSession>(call('GET', `/upload-sessions/${id}`)),
    put: (id: string, number: number, bytes: Uint8Array, headers: Record<string, string> = {}) =>
      call<Part>('PUT', `/upload-sessions/${id}/parts/${number}`, { body: bytes, headers }),
    complete: (id: string, digest?: string) =>
      call<File>('POST', `/upload-sessions/${id}/complete`, { body: digest === undefined ? {} : { sha256: digest } }),
    abort: (id: string) => call<undefined>('DELETE', `/upload-sessions/${id}`),
    file: (id: string) => must<File>(call('GET', `/files/${id}`)),
    async bytes(fileId: string, headers: Record<string, string> = {}): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
      const response = await fetch(`${origin}/api/v1/files/${fileId}/content`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      })
      return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
    },
    /** Sends every part that the server lacks, then completes. */
    async sendAll(session: UploadSession, content: Uint8Array): Promise<File> {
      const { receivedParts } = await api.session(session.id)
      const received = new Set(receivedParts.map((part) => part.number))
      for (let number = 1; number <= session.partCount; number += 1) {
        if (received.has(number)) continue
        const bytes = content.subarray((number - 1) * session.partSize, number * session.partSize)
        await must(api.put(session.id, number, bytes, { 'content-digest': contentDigest(bytes) }))
      }
      return must(api.complete(session.id, sha256(content)))
    },
    async settled(fileId: string, status: File['status'] | null = 'READY'): Promise<File> {
      for (;;) {
        const file = await api.file(fileId)
        if (file.status !== 'SCANNING' && file.status !== 'PENDING_UPLOAD') {
          if (status !== null && file.status !== status) throw new Error(`The file is ${file.status}: ${file.statusReason}`)
          return file
        }
        await sleep(10)
      }
    },
    async upload(caseId: string, content: Uint8Array, create: Partial<UploadCreate> = {}): Promise<File> {
      const session = await api.initiate({ caseId, name: 'evidence.bin', size: content.length, ...create })
      const { id } = await api.sendAll(session, content)
      return api.settled(id)
    },
  }
  return api
}

export type TestTenant = { readonly id: string; readonly targetId: string; readonly api: Readonly<Record<RoleName, Api>> }

/** A whole server over a data folder of its own, listening, with its worker running. */
export interface FileWorld extends AsyncDisposable {
  readonly instance: Instance
  readonly app: App
  readonly origin: string
  readonly dataDir: string
  readonly secrets: Secrets
  readonly tenant: TestTenant
  /** As an examiner of the first tenant. */
  readonly api: Api
  newTenant(slug: string): Promise<TestTenant>
}

export type FileWorldOptions = Overrides & {
  readonly dataDir?: string
  readonly secrets?: Secrets
  readonly working?: boolean
  readonly keep?: boolean
  /** SQLite in the data folder where absent. */
  readonly databaseUrl?: string
  readonly directVerifyMaxBytes?: number
  readonly directUploadsPerUser?: number
  readonly directPartsAtOnce?: number
  /** Real servers of tests listen on this host. */
  readonly allowLocalTargets?: boolean
  readonly objects?: Partial<ObjectConfig>
  readonly clamd?: Config['clamd']
  readonly allowLocalWebhooks?: boolean
  /** Nothing but fatal faults is logged where absent. */
  readonly logger?: Logger
}

const ROLES: readonly RoleName[] = ['admin', 'examiner', 'viewer', 'auditor']

export async function openFileWorld(options: FileWorldOptions = {}): Promise<FileWorld> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'holdfast-files-')))
  const secrets = options.secrets ?? newSecrets()
  const config: Config = {
    dataDir,
    host: '127.0.0.1',
    port: 0,
    databaseUrl: options.databaseUrl ?? null,
    publicUrl: null,
    trustedProxies: null,
    movedObjectKeptSeconds: 0,
    directVerifyMaxBytes: options.directVerifyMaxBytes ?? 256 * 1024 * 1024,
    directUploadsPerUser: options.directUploadsPerUser ?? 10,
    directPartsAtOnce: options.directPartsAtOnce ?? 20,
    objects: { ...defaultObjectConfig, ...options.objects },
    allowLocalTargets: options.allowLocalTargets ?? true,
    allowLocalWebhooks: options.allowLocalWebhooks ?? true,
    clamd: options.clamd ?? null,
  }
  const instance = await openInstance(config, secrets, options)
  const app = await createApp(instance, { logger: options.logger ?? createLogger({ level: 'fatal' }) })
  if (options.working !== false) app.worker.start()
  await app.http.listen({ host: '127.0.0.1', port: 0 })
  const origin = `http://127.0.0.1:${(app.http.server.address() as AddressInfo).port}`

  const newTenant = async (slug: string): Promise<TestTenant> => {
    const by = { actor: commandLineActor, requestId: null, at: instance.clock.now() }
    const { id } = await instance.store.transaction((tx) => createTenant(tx, { slug, name: slug }, by))
    const caller = commandLineCaller(id)
    const apis = {} as Record<RoleName, Api>
    for (const role of ROLES)
      apis[role] = apiOf(origin, (await app.services.tokens.create(caller, { name: `${role} of ${slug}`, role })).secret, app.http)
    const binding = await instance.store.read.roleBindings.find(id, 'encrypted')
    return { id, targetId: binding?.targetId ?? '', api: apis }
  }
  const tenant = await newTenant(`first-${randomBytes(3).toString('hex')}`)
  return {
    ...{ instance, app, origin, dataDir, secrets, tenant, newTenant },
    api: tenant.api.examiner,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await instance[Symbol.asyncDispose]()
      if (!options.keep) await rm(dataDir, { recursive: true, force: true })
    },
  }
}
