import { readFileSync, statSync } from 'node:fs'
import { MiB, ObjectClassCreate, SECURE_TIER_MAX_BYTES } from '@holdfast/api'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { builtinClasses, classDefaults, type NamedClass } from './core/object-classes.ts'
import type { Environment } from './keys/secrets.ts'
import type { ObjectSettings } from './services/objects/deps.ts'
import { checkAddress, type TargetAddress } from './storage/open-target.ts'

/** What an operator can set about objects (O16, C8). `s3` holds a secret: it is never shown. */
export type ObjectConfig = ObjectSettings & { readonly s3: TargetAddress | null }

type Found = { readonly env: Environment; readonly problems: string[] }

/** A variable that is blank counts as unset. */
const read = (env: Environment, ...names: readonly string[]): string | null =>
  names.map((name) => env[name]?.trim() ?? '').find((value) => value !== '') ?? null

type Whole = { readonly name: string; readonly otherwise: number; readonly most: number }

function readWhole({ env, problems }: Found, { name, otherwise, most }: Whole): number {
  const text = read(env, name)
  if (text === null) return otherwise
  const value = Number(text)
  if (/^[0-9]{1,15}$/.test(text) && value >= 1 && value <= most) return value
  problems.push(`${name} must be a whole number from 1 to ${most}, not ${JSON.stringify(text)}`)
  return otherwise
}

/** Signature Version 4 signs for seven days at most. */
const MOST_URL_SECONDS = 7 * 24 * 3600
const MOST_FILE_BYTES = 1 * MiB
const ClassesFile = Type.Array(ObjectClassCreate, { maxItems: 1000 })

/** What is wrong with the classes of a file, one a line. */
function faultsOf(classes: unknown): string[] {
  if (!Value.Check(ClassesFile, classes)) {
    return [...Value.Errors(ClassesFile, classes)].slice(0, 20).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`)
  }
  const names = classes.map(({ name }) => name)
  return names.flatMap((name, index) => {
    if (builtinClasses.some((one) => one.name === name)) return [`/${index}/name ${name} is built in and cannot be defined anew`]
    return names.indexOf(name) === index ? [] : [`/${index}/name ${name} is defined twice`]
  })
}

function readClasses({ env, problems }: Found): NamedClass[] {
  const path = read(env, 'HOLDFAST_OBJECT_CLASSES_FILE')
  if (path === null) return []
  const refuse = (why: string): NamedClass[] => {
    problems.push(`HOLDFAST_OBJECT_CLASSES_FILE: ${path} ${why}`)
    return []
  }
  try {
    if (statSync(path).size > MOST_FILE_BYTES) return refuse('is larger than 1 MiB')
    const classes: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const faults = faultsOf(classes)
    if (faults.length > 0) return refuse(`holds no valid object classes: ${faults.join('; ')}`)
    return (classes as ObjectClassCreate[]).map((one) => ({ ...classDefaults, ...one }))
  } catch (error) {
    return refuse(error instanceof SyntaxError ? 'is no JSON' : `cannot be read (${(error as { code?: string }).code ?? 'unknown'})`)
  }
}

/** The names by which the same settings are known; the first that is set counts. */
const names = {
  bucket: ['STORAGE_BUCKET', 'HOLDFAST_S3_BUCKET', 'HOLDFAST_EVIDENCE_BUCKET', 'HASNA_FILES_S3_BUCKET', 'HASNA_FILES_EVIDENCE_BUCKET'],
  prefix: ['HOLDFAST_S3_PREFIX', 'HOLDFAST_EVIDENCE_PREFIX', 'HASNA_FILES_S3_PREFIX', 'HASNA_FILES_EVIDENCE_PREFIX'],
  region: ['STORAGE_REGION', 'HOLDFAST_AWS_REGION', 'HOLDFAST_EVIDENCE_REGION', 'HASNA_FILES_AWS_REGION', 'HASNA_FILES_S3_REGION'],
  endpoint: [
    ...['STORAGE_ENDPOINT', 'HOLDFAST_S3_ENDPOINT', 'HOLDFAST_EVIDENCE_ENDPOINT'],
    ...['HASNA_FILES_S3_ENDPOINT', 'HASNA_FILES_EVIDENCE_ENDPOINT'],
  ],
} as const
const DEFAULT_REGION = 'us-east-1'
/** Of the contract for apps (C8); a bucket of STORAGE_BUCKET is used from its root. */
const DEFAULT_PREFIX = 'objects'

function readKeys({ env, problems }: Found): { accessKeyId: string; secretAccessKey: string } | null {
  const accessKeyId = read(env, 'STORAGE_ACCESS_KEY')
  const secretAccessKey = read(env, 'STORAGE_SECRET_KEY')
  if (accessKeyId !== null && secretAccessKey !== null) return { accessKeyId, secretAccessKey }
  if (accessKeyId !== secretAccessKey) problems.push('STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY are set together, or neither')
  return null
}

function readBucket(found: Found): TargetAddress | null {
  const { env, problems } = found
  const credentials = readKeys(found)
  const bucket = read(env, ...names.bucket)
  if (bucket === null) {
    if (credentials) problems.push('STORAGE_BUCKET is missing: the keys of STORAGE_ACCESS_KEY are for no bucket')
    return null
  }
  const prefix = read(env, ...names.prefix) ?? (read(env, 'STORAGE_BUCKET') === null ? DEFAULT_PREFIX : '')
  const place = { endpoint: read(env, ...names.endpoint) ?? '', region: read(env, ...names.region) ?? DEFAULT_REGION, bucket, prefix }
  const address = { kind: 's3', place, credentials }
  for (const { field, message } of checkAddress(address)) {
    const [, member = 'bucket'] = field.split('.')
    const known = Object.hasOwn(names, member) ? names[member as keyof typeof names].join(' or ') : 'STORAGE_ACCESS_KEY, STORAGE_SECRET_KEY'
    problems.push(`${known}: ${message}`)
  }
  return address
}

export const defaultObjectConfig: ObjectConfig = {
  uploadUrlSeconds: 300,
  downloadUrlSeconds: 900,
  maxBytes: 50 * MiB,
  classes: [],
  s3: null,
}

/** Adds to `problems` whatever is not valid, one a line, without a value that could be secret. */
export function readObjectConfig(found: Found): ObjectConfig {
  const { uploadUrlSeconds, downloadUrlSeconds, maxBytes } = defaultObjectConfig
  const seconds = (name: string, otherwise: number) => readWhole(found, { name, otherwise, most: MOST_URL_SECONDS })
  return {
    uploadUrlSeconds: seconds('STORAGE_PRESIGN_UPLOAD_EXPIRY_SECONDS', uploadUrlSeconds),
    downloadUrlSeconds: seconds('STORAGE_PRESIGN_DOWNLOAD_EXPIRY_SECONDS', downloadUrlSeconds),
    maxBytes: readWhole(found, { name: 'STORAGE_MAX_FILE_SIZE_BYTES', otherwise: maxBytes, most: SECURE_TIER_MAX_BYTES }),
    classes: readClasses(found),
    s3: readBucket(found),
  }
}
