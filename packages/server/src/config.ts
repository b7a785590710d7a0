import { resolve } from 'node:path'
import { type ObjectConfig, readObjectConfig } from './config-objects.ts'
import { KeyError } from './keys/provider.ts'
import { type Environment, loadSecrets, type Secrets } from './keys/secrets.ts'
import { findClamdAddress } from './validate/clamd.ts'
import type { ClamdAddress } from './validate/clamd-link.ts'

/** Everything that an operator can set, read once at the start (docs/operate). */
export type Config = {
  /** Absolute. */
  readonly dataDir: string
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Null: SQLite in the data folder. Holds a password; never shown. */
  readonly databaseUrl: string | null
  /** The origin that browsers see, without a slash at the end; null where it is that of host and port. */
  readonly publicUrl: string | null
  /** Addresses or networks of the reverse proxies whose X-Forwarded-* headers are believed, comma-separated; null: none. */
  readonly trustedProxies: string | null
  /** How long the old object of a file that was moved to another target is kept, for downloads that began there. */
  readonly movedObjectKeptSeconds: number
  /** Fresh direct uploads to a bucket are read back up to this size, since reading more may cost egress; 0: never. */
  readonly directVerifyMaxBytes: number
  /** Direct uploads that one person may have open. */
  readonly directUploadsPerUser: number
  /** Parts of direct uploads that may be written at once, over all instances. */
  readonly directPartsAtOnce: number
  /** Whether storage targets may lie on this host, or where a cloud has its metadata service. */
  readonly allowLocalTargets: boolean
  /** Whether webhooks may go to this host, or where a cloud has its metadata service. */
  readonly allowLocalWebhooks: boolean
  /** Where ClamAV's daemon listens; null: files are not scanned for malware. */
  readonly clamd: ClamdAddress | null
  readonly objects: ObjectConfig
}

/** Settings that are missing or not valid, one a line. Holds no value of a variable that could be secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const DEFAULT_DATA_DIR = 'data'
const DEFAULT_HOST = 'localhost'
const DEFAULT_PORT = '8080'

/** A variable that is blank counts as unset. */
const read = (env: Environment, name: string): string | null => env[name]?.trim() || null

type Found = { readonly env: Environment; readonly problems: string[] }

function readPort({ env, problems }: Found): number {
  const text = read(env, 'HOLDFAST_PORT') ?? DEFAULT_PORT
  const port = Number(text)
  if (!/^[0-9]{1,5}$/.test(text) || port > 65_535)
    problems.push(`HOLDFAST_PORT must be a number from 0 to 65535, not ${JSON.stringify(text)}`)
  return port
}

function readSeconds({ env, problems }: Found, name: string, otherwise: string): number {
  const text = read(env, name) ?? otherwise
  if (!/^[0-9]{1,9}$/.test(text)) problems.push(`${name} must be a number of seconds, not ${JSON.stringify(text)}`)
  return Number(text)
}

function readCount({ env, problems }: Found, name: string, limits: { otherwise: string; least: number }): number {
  const text = read(env, name) ?? limits.otherwise
  if (!/^[0-9]{1,15}$/.test(text) || Number(text) < limits.least) {
    problems.push(`${name} must be a whole number from ${limits.least} on, not ${JSON.stringify(text)}`)
  }
  return Number(text)
}

function readProxies({ env, problems }: Found): string | null {
  const text = read(env, 'HOLDFAST_TRUSTED_PROXIES')
  if (text === null) return null
  if (
    /^(loopback|linklocal|uniquelocal|[0-9a-fA-F.:]+(\/[0-9]{1,3})?)(, *(loopback|linklocal|uniquelocal|[0-9a-fA-F.:]+(\/[0-9]{1,3})?))*$/.test(
      text,
    )
  )
    return text
  problems.push('HOLDFAST_TRUSTED_PROXIES must be addresses or networks of proxies, such as 10.0.0.5 or loopback, with commas in between')
  return null
}

function readSwitch({ env, problems }: Found, name: string): boolean {
  const text = read(env, name) ?? '0'
  if (!/^(0|1|true|false)$/i.test(text)) problems.push(`${name} must be 1 or 0, not ${JSON.stringify(text)}`)
  return /^(1|true)$/i.test(text)
}

function readHost({ env, problems }: Found): string {
  const host = read(env, 'HOLDFAST_HOST') ?? DEFAULT_HOST
  if (!/^[A-Za-z0-9._:-]+$/.test(host)) problems.push(`HOLDFAST_HOST must be a host name or address, not ${JSON.stringify(host)}`)
  return host
}

function readDatabaseUrl({ env, problems }: Found): string | null {
  const text = read(env, 'HOLDFAST_DATABASE_URL')
  if (text === null) return null
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && (url.protocol === 'postgres:' || url.protocol === 'postgresql:') && url.pathname.length > 1) return text
  problems.push('HOLDFAST_DATABASE_URL must have the form postgres://user:password@host:port/database')
  return null
}

function readClamd({ env, problems }: Found): ClamdAddress | null {
  const text = read(env, 'HOLDFAST_CLAMD')
  if (text === null) return null
  const address = findClamdAddress(text)
  if (address === null) problems.push('HOLDFAST_CLAMD must have the form tcp://host:port or unix:/path/to/clamd.sock')
  return address
}

function readPublicUrl({ env, problems }: Found): string | null {
  const text = read(env, 'HOLDFAST_PUBLIC_URL')
  if (text === null) return null
  const url = URL.canParse(text) ? new URL(text) : null
  const isOrigin =
    url !== null && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  if (isOrigin && (url.protocol === 'https:' || url.protocol === 'http:')) return url.origin
  problems.push('HOLDFAST_PUBLIC_URL must be the origin that browsers see, such as https://evidence.example.org, without a path')
  return null
}

/** The configuration and the long-lived keys, or one `ConfigError` that names everything that is wrong (S8: it fails closed). */
export function loadConfig(env: Environment): { readonly config: Config; readonly secrets: Secrets } {
  const problems: string[] = []
  const found = { env, problems }
  const config: Config = Object.freeze({
    dataDir: resolve(read(env, 'HOLDFAST_DATA_DIR') ?? DEFAULT_DATA_DIR),
    host: readHost(found),
    port: readPort(found),
    databaseUrl: readDatabaseUrl(found),
    publicUrl: readPublicUrl(found),
    trustedProxies: readProxies(found),
    movedObjectKeptSeconds: readSeconds(found, 'HOLDFAST_MOVED_OBJECT_KEPT_SECONDS', '600'),
    directVerifyMaxBytes: readCount(found, 'HOLDFAST_DIRECT_VERIFY_MAX_BYTES', { otherwise: '268435456', least: 0 }),
    directUploadsPerUser: readCount(found, 'MAX_CONCURRENT_DIRECT_UPLOADS', { otherwise: '10', least: 1 }),
    directPartsAtOnce: readCount(found, 'MAX_CONCURRENT_DIRECT_UPLOADS_GLOBAL', { otherwise: '20', least: 1 }),
    allowLocalTargets: readSwitch(found, 'HOLDFAST_ALLOW_LOCAL_TARGETS'),
    allowLocalWebhooks: readSwitch(found, 'HOLDFAST_ALLOW_LOCAL_WEBHOOKS'),
    clamd: readClamd(found),
    objects: readObjectConfig(found),
  })
  let secrets: Secrets | null = null
  try {
    secrets = loadSecrets(env, config.dataDir)
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    problems.push(...error.message.split('\n'))
  }
  if (problems.length > 0 || secrets === null) throw new ConfigError(problems)
  return { config, secrets }
}
