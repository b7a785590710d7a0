import { ApiProblem } from '@holdfast/client'
import type { RemoteKind } from '../../ui/target-kinds.ts'
import { type TargetValues, toCredentials } from './target-fields.ts'

export type FieldProblems = { [Field in keyof TargetValues]?: string }
type Found = { [Field in keyof TargetValues]?: string | undefined }

/** What each input is called, for messages that name it. */
export const fieldLabels: Partial<Record<keyof TargetValues, string>> = {
  name: 'Name',
  quotaBytes: 'Quota',
  endpoint: 'Endpoint URL',
  region: 'Region',
  bucket: 'Bucket',
  prefix: 'Prefix',
  kmsKeyId: 'KMS key id',
  accessKeyId: 'Access key id',
  secretAccessKey: 'Secret access key',
  host: 'Host',
  port: 'Port',
  share: 'Share',
  folder: 'Folder',
  user: 'User',
  domain: 'Domain',
  directory: 'Directory',
  hostKey: 'Host key',
  password: 'Password',
  privateKey: 'Private key',
  passphrase: 'Passphrase',
}

const host = /^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$/
const endpoint = /^(https?:\/\/([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\/?)?$/
const bucket = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** `stored`: the server keeps secrets for this target, and empty fields keep them. */
type Options = { readonly stored: boolean }

const unless = (good: boolean, message: string): string | undefined => (good ? undefined : message)
const needs = (value: string, what: string): string | undefined => unless(value.trim() !== '', `Enter ${what}.`)

const checks: Record<RemoteKind, (values: TargetValues, options: Options) => Found> = {
  s3: (values, options) => ({
    endpoint: unless(
      endpoint.test(values.endpoint.trim()),
      'Enter a URL with nothing behind the host and port, for example https://minio.example.org:9000, or leave it empty for AWS.',
    ),
    region: unless(/^[A-Za-z0-9-]{1,64}$/.test(values.region.trim()), 'Enter the region, for example eu-central-1.'),
    bucket: unless(bucket.test(values.bucket.trim()), 'Enter its name: 3 to 63 lower-case letters, digits, dots and hyphens.'),
    kmsKeyId: unless(/^[A-Za-z0-9:/_-]*$/.test(values.kmsKeyId.trim()), 'Enter the id or ARN of a key, or leave it empty.'),
    ...s3Secrets(values, options),
  }),
  smb: (values, options) => ({
    host: unless(host.test(values.host.trim()), 'Enter a host name or address, without slashes.'),
    share: unless(/^[/\\]*[^/\\:*?"<>|]+[/\\]*$/.test(values.share.trim()), 'Enter the name of the share alone, without its server.'),
    user: needs(values.user, 'the user that signs in'),
    password: options.stored ? undefined : unless(values.password !== '', 'Enter the password.'),
  }),
  sftp: (values, options) => ({
    host: unless(host.test(values.host.trim()), 'Enter a host name or address, without slashes.'),
    user: needs(values.user, 'the user that signs in'),
    ...sftpSecrets(values, options),
  }),
}

function s3Secrets(values: TargetValues, { stored }: Options): Found {
  if (values.access === 'role' || (stored && toCredentials('s3', values) === undefined)) return {}
  return {
    accessKeyId: needs(values.accessKeyId, 'the access key id'),
    secretAccessKey: needs(values.secretAccessKey, 'the secret access key'),
  }
}

function sftpSecrets(values: TargetValues, { stored }: Options): Found {
  if (values.signIn === 'keep' && stored) return {}
  if (values.signIn !== 'privateKey') return { password: unless(values.password !== '', 'Enter the password.') }
  const isKey = /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(values.privateKey.trim())
  return { privateKey: unless(isKey, 'Paste or choose a private key. It begins with -----BEGIN OPENSSH PRIVATE KEY-----.') }
}

const present = (problems: Found): FieldProblems =>
  Object.fromEntries(Object.entries(problems).filter(([, message]) => message !== undefined))

/** What is wrong with the address, which is all that Test connection needs. */
export const addressProblems = (kind: RemoteKind, values: TargetValues, options: Options): FieldProblems =>
  present(checks[kind](values, options))

/** What is wrong with the name and the limits, for every kind. */
export const commonProblems = (values: Pick<TargetValues, 'name' | 'quotaBytes'>): FieldProblems =>
  present({
    name: needs(values.name, 'a name'),
    quotaBytes: unless(values.quotaBytes === '' || values.quotaBytes > 0, 'Enter a size above 0, or leave it empty for no quota.'),
  })

/** The server's messages go on where a field's name ends: "is required" reads alone as nothing. */
function sentence(field: keyof TargetValues, message: string): string {
  if (/^must match pattern/.test(message)) return 'This cannot be used here. Check the spelling.'
  const text = /^[a-z]/.test(message) ? `${fieldLabels[field] ?? 'It'} ${message}` : message
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** Refusals of the server by their input; `rest` are those that no single input is to blame for, as sentences. */
export function placeErrors(error: unknown): { fields: FieldProblems; rest: string[] } {
  const fields: FieldProblems = {}
  const rest: string[] = []
  if (!(error instanceof ApiProblem)) return { fields, rest }
  for (const { field, message } of error.errors) {
    const name = field.replaceAll('/', '.').replace(/^\.?(body\.)?((place|credentials)\.)?/, '') as keyof TargetValues
    if (name in fieldLabels) fields[name] = sentence(name, message)
    else rest.push(wholes[name] ? `${wholes[name]} ${message}.` : `${name}: ${message}`)
  }
  return { fields, rest }
}

const wholes: Readonly<Record<string, string>> = { place: 'This place', credentials: 'Secrets' }
