import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { TokenCreate } from '@holdfast/api'
import type { DestinationStream, LevelWithSilent } from 'pino'
import { noCrashPoints } from './core/crash-point.ts'
import type { HttpApp } from './http/app-types.ts'
import { createLogger } from './http/request-log.ts'
import type { Environment } from './keys/secrets.ts'
import { openApp } from './open-app.ts'
import { createToken } from './operator.ts'

/** A bucket that objects of apps are written to; without keys those of the machine are used (the AWS credential chain). */
export type HoldfastBucket = {
  readonly bucket: string
  readonly region?: string
  readonly endpoint?: string
  readonly prefix?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
}

/** What the variables of docs/operate say to a server of its own. Nothing is read from the environment. */
export type HoldfastOptions = {
  /** The folder of `initDataFolder`, relative to the working directory. One process at a time, unless `databaseUrl` is given. */
  readonly dataDir: string
  /** Keys from elsewhere than the data folder, urlsafe base64. */
  readonly keys?: { readonly master?: string; readonly credential?: string; readonly audit?: string }
  readonly databaseUrl?: string
  /** The origin that browsers see, e.g. https://app.example.org; signed URLs begin with it. Else it is that of each request. */
  readonly publicUrl?: string
  readonly trustedProxies?: string
  readonly allowLocalTargets?: boolean
  readonly allowLocalWebhooks?: boolean
  readonly clamd?: string
  readonly objects?: {
    readonly uploadUrlSeconds?: number
    readonly downloadUrlSeconds?: number
    readonly maxBytes?: number
    /** A JSON file with classes of the app's own (docs/spec/objects.md). */
    readonly classesFile?: string
    readonly bucket?: HoldfastBucket
  }
  /** Lines of JSON, from `info` on, on stdout where nothing else is given. They hold no secret and no signed URL. */
  readonly log?: { readonly level?: LevelWithSilent; readonly destination?: DestinationStream }
  /** Serves the web app beside the API where it is built; without it the API alone. */
  readonly webApp?: boolean
}

/** A Holdfast within this process. Disposing lets requests and jobs in hand end and closes everything. */
export interface Holdfast extends AsyncDisposable {
  /** For a server of the app's own: takes whatever is below /api/ (and everything else where `webApp` is set). */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void
  /** The Fastify instance, e.g. to `inject` requests without a network. Its routes are fixed. */
  readonly http: HttpApp
  /** Listens on a port of its own; 0 lets the system choose. Answers the URL. */
  listen(at: { readonly host?: string; readonly port: number }): Promise<string>
  /** Makes an API token and answers its secret, which is kept nowhere. */
  createToken(token: TokenCreate): Promise<string>
  /** Code for the first set-up in the web app or at POST /api/v1/setup; null once somebody can sign in. */
  readonly setupCode: string | null
}

const text = (value: string | number | boolean | undefined): string | undefined => (value === undefined ? undefined : String(value))

/** The one way in for settings, so that those of an object are checked like those of the environment. */
function settingsOf({ keys = {}, objects = {}, ...options }: HoldfastOptions): Environment {
  const { bucket } = objects
  return {
    HOLDFAST_DATA_DIR: resolve(options.dataDir),
    HOLDFAST_MASTER_KEY: keys.master,
    CREDENTIAL_ENCRYPTION_KEY: keys.credential,
    HOLDFAST_AUDIT_KEY: keys.audit,
    HOLDFAST_DATABASE_URL: options.databaseUrl,
    HOLDFAST_PUBLIC_URL: options.publicUrl,
    HOLDFAST_TRUSTED_PROXIES: options.trustedProxies,
    HOLDFAST_ALLOW_LOCAL_TARGETS: text(options.allowLocalTargets),
    HOLDFAST_ALLOW_LOCAL_WEBHOOKS: text(options.allowLocalWebhooks),
    HOLDFAST_CLAMD: options.clamd,
    HOLDFAST_OBJECT_CLASSES_FILE: objects.classesFile,
    STORAGE_PRESIGN_UPLOAD_EXPIRY_SECONDS: text(objects.uploadUrlSeconds),
    STORAGE_PRESIGN_DOWNLOAD_EXPIRY_SECONDS: text(objects.downloadUrlSeconds),
    STORAGE_MAX_FILE_SIZE_BYTES: text(objects.maxBytes),
    STORAGE_BUCKET: bucket?.bucket,
    STORAGE_REGION: bucket?.region,
    STORAGE_ENDPOINT: bucket?.endpoint,
    HOLDFAST_S3_PREFIX: bucket?.prefix,
    STORAGE_ACCESS_KEY: bucket?.accessKeyId,
    STORAGE_SECRET_KEY: bucket?.secretAccessKey,
  }
}

/**
 * Runs a Holdfast inside this process: API, jobs and, if asked for, the web app. Rejects with `ConfigError`, `FolderInUse`,
 * `DatabaseRefused` or `KeyError` before anything was changed; no key is ever made up (`initDataFolder` makes them, once).
 */
export async function createHoldfast(options: HoldfastOptions): Promise<Holdfast> {
  await using opened = new AsyncDisposableStack()
  const { app, instance, ...running } = await openApp(settingsOf(options), {
    ...{ points: noCrashPoints, webApp: options.webApp ?? false, logger: createLogger(options.log) },
  })
  opened.use(running)
  const { http, setupCode } = app
  await http.ready()
  const resources = opened.move()
  return {
    ...{ http, setupCode },
    handler: (request, response) => http.routing(request, response),
    async listen({ host = 'localhost', port }) {
      await http.listen({ host, port })
      const { port: given } = http.server.address() as AddressInfo
      return `http://${host.includes(':') ? `[${host}]` : host}:${given}`
    },
    createToken: (token) => createToken(instance, { ...token, tenantId: null }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
