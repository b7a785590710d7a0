import type { Target, TargetCreate, TargetUpdate } from '@holdfast/api'
import type { RemoteKind } from '../../ui/target-kinds.ts'
import { quotaToBytes, quotaToGigabytes } from './target-words.ts'

/**
 * Every field of the form, whichever kind it is for, named as in `place` and `credentials`, so that refusals of the server find their
 * input by name. Secrets begin empty, always: no answer of the server holds them.
 */
export type TargetValues = {
  name: string
  quotaBytes: number | ''
  endpoint: string
  region: string
  bucket: string
  prefix: string
  kmsKeyId: string
  verifyCertificate: boolean
  access: 'key' | 'role'
  accessKeyId: string
  secretAccessKey: string
  host: string
  port: number | ''
  share: string
  folder: string
  user: string
  domain: string
  directory: string
  hostKey: string
  signIn: 'keep' | 'password' | 'privateKey'
  password: string
  privateKey: string
  passphrase: string
}

export const emptyValues: TargetValues = {
  ...{ name: '', quotaBytes: '', endpoint: '', region: '', bucket: '', prefix: '', kmsKeyId: '', verifyCertificate: true },
  ...{ access: 'key', accessKeyId: '', secretAccessKey: '', host: '', port: '', share: '', folder: '', user: '', domain: '' },
  ...{ directory: '', hostKey: '', signIn: 'password', password: '', privateKey: '', passphrase: '' },
}

type Known = Pick<Target, 'name' | 'place' | 'hasCredentials' | 'quotaBytes'>

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** What the form begins with for a target that is there, or was. */
export function valuesOf({ name, place, hasCredentials, quotaBytes }: Known): TargetValues {
  return {
    ...emptyValues,
    ...{ name, quotaBytes: quotaToGigabytes(quotaBytes) },
    ...{ endpoint: textOf(place.endpoint), region: textOf(place.region), bucket: textOf(place.bucket), prefix: textOf(place.prefix) },
    ...{ kmsKeyId: textOf(place.kmsKeyId), verifyCertificate: place.verifyCertificate !== false, access: hasCredentials ? 'key' : 'role' },
    ...{ host: textOf(place.host), port: typeof place.port === 'number' ? place.port : '', share: textOf(place.share) },
    ...{ folder: textOf(place.folder), user: textOf(place.user), domain: textOf(place.domain), directory: textOf(place.directory) },
    ...{ hostKey: textOf(place.hostKey), signIn: hasCredentials ? 'keep' : 'password' },
  }
}

type Place = Record<string, unknown>

/** Leaves out what was left empty: each of these has a default that the server knows. */
const given = (place: Place): Place => Object.fromEntries(Object.entries(place).filter(([, value]) => value !== ''))

/** Shares and folders are often copied with the slashes around them. */
const trimSlashes = (path: string): string => path.trim().replace(/^[/\\]+|[/\\]+$/g, '')

const places: Record<RemoteKind, (values: TargetValues) => Place> = {
  s3: (values) => ({
    endpoint: values.endpoint.trim().replace(/\/$/, ''),
    region: values.region.trim(),
    bucket: values.bucket.trim(),
    ...given({ prefix: trimSlashes(values.prefix), kmsKeyId: values.kmsKeyId.trim() }),
    ...(values.verifyCertificate ? {} : { verifyCertificate: false }),
  }),
  smb: (values) => ({
    host: values.host.trim(),
    share: trimSlashes(values.share),
    user: values.user.trim(),
    ...given({ port: values.port, folder: trimSlashes(values.folder).replaceAll('\\', '/'), domain: values.domain.trim() }),
  }),
  sftp: (values) => ({
    host: values.host.trim(),
    user: values.user.trim(),
    ...given({ port: values.port, directory: values.directory.trim(), hostKey: values.hostKey }),
  }),
}

/** The connection fields without secrets, as the API takes them. */
export const toPlace = (kind: RemoteKind, values: TargetValues): Place => places[kind](values)

type Secrets = TargetCreate['credentials']

/** What was typed of the secrets: null for none on purpose (an IAM role), undefined for "as they are kept". */
export function toCredentials(kind: RemoteKind, values: TargetValues): Secrets | undefined {
  const { accessKeyId, secretAccessKey, password, privateKey, passphrase } = values
  if (kind === 's3') {
    if (values.access === 'role') return null
    return accessKeyId === '' && secretAccessKey === ''
      ? undefined
      : { accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() }
  }
  if (kind === 'smb' || values.signIn === 'password') return password === '' ? undefined : { password }
  if (values.signIn === 'keep' || privateKey === '') return undefined
  return { privateKey, ...(passphrase === '' ? {} : { passphrase }) }
}

export const toCreate = (kind: RemoteKind, values: TargetValues): TargetCreate => ({
  name: values.name.trim(),
  kind,
  place: toPlace(kind, values),
  credentials: toCredentials(kind, values) ?? null,
  quotaBytes: quotaToBytes(values.quotaBytes),
})

const samePlace = (one: Place, other: Place): boolean => {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => (one[name] ?? '') === (other[name] ?? ''))
}

/** Only what was changed: what is left out stays as it is. */
export function toUpdate(target: Target, values: TargetValues): TargetUpdate {
  const quota = values.quotaBytes === quotaToGigabytes(target.quotaBytes) ? {} : { quotaBytes: quotaToBytes(values.quotaBytes) }
  const name = values.name.trim() === target.name ? {} : { name: values.name.trim() }
  if (target.kind === 'local') return { ...name, ...quota }
  const place = toPlace(target.kind, values)
  const credentials = toCredentials(target.kind, values)
  const sameSecrets = credentials === undefined || (credentials === null && !target.hasCredentials)
  return { ...name, ...quota, ...(samePlace(place, target.place) ? {} : { place }), ...(sameSecrets ? {} : { credentials }) }
}

/** Whether an endpoint is reached over TLS; AWS always is. */
export const hasTls = (endpoint: string): boolean => !/^http:\/\//i.test(endpoint.trim())

/** The endpoint with the scheme that TLS on or off means; an empty one stays AWS. */
export function withTls(endpoint: string, tls: boolean): string {
  const bare = endpoint.trim().replace(/^[a-z]+:\/\//i, '')
  return bare === '' ? '' : `${tls ? 'https' : 'http'}://${bare}`
}
