import { readFile } from 'node:fs/promises'
import type { RemoteTargetKind, TargetCreate } from '@holdfast/api'
import { CommandFailure, wrongUse } from './failure.ts'

/** What `target add` was called with, as commander gives it. */
export type TargetOptions = {
  readonly kind: RemoteTargetKind
  readonly name: string
  readonly quota?: number
  readonly endpoint?: string
  readonly region?: string
  readonly bucket?: string
  readonly prefix?: string
  readonly kmsKeyId?: string
  readonly accessKeyId?: string
  readonly iamRole?: boolean
  readonly verifyCertificate?: boolean
  readonly host?: string
  readonly port?: number
  readonly share?: string
  readonly folder?: string
  readonly domain?: string
  readonly user?: string
  readonly directory?: string
  readonly hostKey?: string
  readonly privateKeyFile?: string
  readonly secretFile?: string
  readonly secretStdin?: boolean
}

type Place = TargetCreate['place']
type Secrets = TargetCreate['credentials']

const placeOptions = {
  s3: ['endpoint', 'region', 'bucket', 'prefix', 'kmsKeyId', 'verifyCertificate'],
  smb: ['host', 'port', 'share', 'folder', 'user', 'domain'],
  sftp: ['host', 'port', 'user', 'directory', 'hostKey'],
} as const
const secretOptions = { s3: ['accessKeyId', 'iamRole'], smb: [], sftp: ['privateKeyFile'] } as const
const needed = { s3: ['region', 'bucket'], smb: ['host', 'share', 'user'], sftp: ['host', 'user'] } as const

const flag = (option: string): string => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Wrong use where an option is given that says nothing of a target of this kind. */
function refuseForeign(options: TargetOptions): void {
  const { kind } = options
  const own: readonly string[] = [...placeOptions[kind], ...secretOptions[kind]]
  const foreign = Object.values({ ...placeOptions, ...{ more: Object.values(secretOptions).flat() } })
    .flat()
    .find((option) => !own.includes(option) && option !== 'verifyCertificate' && options[option] !== undefined)
  if (foreign !== undefined) throw wrongUse(`${flag(foreign)} says nothing of a target of kind ${kind}`)
}

/** The place of a target with what is given in its place; an empty text takes a field away. Null where nothing is given. */
export function changedPlace(target: { readonly kind: string; readonly place: Place }, options: TargetOptions): Place | null {
  if (target.kind === 'local') {
    const given = [...Object.values(placeOptions), ...Object.values(secretOptions)].flat().find((option) => options[option] !== undefined)
    if (given !== undefined) throw wrongUse(`${flag(given)} says nothing of the built-in Local target: its name and quota can be changed`)
    return null
  }
  refuseForeign(options)
  const given = placeOptions[options.kind].filter((option) => options[option] !== undefined)
  if (given.length === 0) return null
  const changes = Object.fromEntries(given.map((option) => [option, options[option]]))
  return Object.fromEntries(Object.entries({ ...target.place, ...changes }).filter(([name, value]) => value !== '' || name === 'endpoint'))
}

/** The connection fields of the kind. Wrong use where one is missing or belongs to another kind. */
export function toPlace(options: TargetOptions): Place {
  const { kind } = options
  refuseForeign(options)
  const missing = needed[kind].find((option) => options[option] === undefined)
  if (missing !== undefined) throw wrongUse(`a target of kind ${kind} needs ${flag(missing)}`)
  const given = placeOptions[kind].map((option) => [option, options[option]] as const)
  return { ...(kind === 's3' ? { endpoint: '' } : {}), ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) }
}

const LONGEST_SECRET = 32_768

/** A secret that is too long to be one, or empty, fails; the last line break belongs to the file and not to the secret. */
function checked(text: string, from: string): string {
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '' || secret.length > LONGEST_SECRET)
    throw new CommandFailure(`${from} holds no secret of at most ${LONGEST_SECRET} characters`)
  return secret
}

async function readStdin(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) {
    text += chunk
    if (text.length > LONGEST_SECRET + 2) break
  }
  return text
}

/** The password, secret access key or passphrase, from where no list of processes shows it; null where none is given. */
async function readSecret({ secretFile, secretStdin }: TargetOptions): Promise<string | null> {
  if (secretFile !== undefined && secretStdin) throw wrongUse('--secret-file and --secret-stdin exclude each other')
  if (secretFile !== undefined) return checked(await readFile(secretFile, 'utf8'), secretFile)
  if (secretStdin) return checked(await readStdin(), 'Standard input')
  const text = process.env.HOLDFAST_TARGET_SECRET
  return text === undefined || text === '' ? null : checked(text, 'HOLDFAST_TARGET_SECRET')
}

const noSecret = (what: string): CommandFailure =>
  wrongUse(
    `${what} is needed, by HOLDFAST_TARGET_SECRET, --secret-file or --secret-stdin: on the command line it would show in the list of processes`,
  )

/** The secrets of the kind. Wrong use where they are missing. */
export async function toSecrets(options: TargetOptions): Promise<Secrets> {
  const { kind, accessKeyId, iamRole, privateKeyFile } = options
  if (kind === 's3' && iamRole) return null
  const secret = await readSecret(options)
  if (kind === 's3') {
    if (accessKeyId === undefined) throw wrongUse('a target of kind s3 needs --access-key-id, or --iam-role')
    if (secret === null) throw noSecret('the secret access key')
    return { accessKeyId, secretAccessKey: secret }
  }
  if (kind === 'sftp' && privateKeyFile !== undefined) {
    const privateKey = await readFile(privateKeyFile, 'utf8')
    return { privateKey, ...(secret === null ? {} : { passphrase: secret }) }
  }
  if (secret === null) throw noSecret('the password')
  return { password: secret }
}

/** A GB is 1024³ bytes here, as on the pages; GiB says the same to whoever tells them apart. */
const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** `500GB`, `1.5 TiB` or plain bytes as bytes; null where it is none of these. */
export function parseBytes(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?)\s*(?:([KMGT])i?B)?$/i.exec(text.trim()) ?? []
  const factor = units[unit.toUpperCase()]
  const bytes = number === '' || factor === undefined ? Number.NaN : Math.round(Number(number) * factor)
  return Number.isSafeInteger(bytes) ? bytes : null
}
