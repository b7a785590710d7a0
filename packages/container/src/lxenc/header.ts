import { fromBase64, fromCanonicalBase64Url, toBase64Url } from '../base64.ts'
import { type Bytes, concatBytes, utf8, writeU32 } from '../bytes.ts'
import { ContainerError, type ContainerErrorKind } from '../errors.ts'
import { type JsonMember, scanFlatObject } from './flat-json.ts'

/** `strict` takes what this package writes; `legacy` also what older writers made. */
export type LxencProfile = 'strict' | 'legacy'

/** The first 8 bytes of every LXENC01 file. */
export const LXENC_MAGIC: Bytes = utf8('LXENC01\n')
export const LXENC_ALGORITHM = 'AESGCM-chunked-v1'
/** Magic and header length: where the JSON begins. */
export const LXENC_PREFIX_BYTES = 12
export const LXENC_MAX_HEADER_BYTES = 65_536
/** Bound on what a header in the legacy profile may make a reader hold in memory. */
export const LXENC_MAX_LEGACY_HEADER_BYTES = 16 * 1_048_576
export const LXENC_DEFAULT_CHUNK_SIZE = 1_048_576
export const LXENC_MAX_CHUNK_SIZE = 64 * 1_048_576

export type LxencHeader = {
  /** The JSON as stored: what every chunk authenticates. */
  readonly raw: Uint8Array
  readonly chunkSize: number
  readonly noncePrefix: Uint8Array
  readonly wrapNonce: Uint8Array
  readonly wrappedDek: Uint8Array
}

const BINARY_BYTES = { nonce_prefix: 8, wrap_nonce: 12, wrapped_dek: 48 } as const
const FIELDS = ['algorithm', 'chunk_size', 'nonce_prefix', 'version', 'wrap_nonce', 'wrapped_dek'] as const
type FieldName = (typeof FIELDS)[number]
type BinaryName = keyof typeof BINARY_BYTES

/** Only what `isEncrypted` of the format means: the magic, whatever follows it (X7). */
export function isEncrypted(start: Uint8Array): boolean {
  return start.length >= LXENC_MAGIC.length && LXENC_MAGIC.every((byte, index) => start[index] === byte)
}

/** Magic, length and compact JSON, keys in the order that existing writers use. */
export function encodeLxencHeader(fields: Omit<LxencHeader, 'raw'>): { prefix: Bytes; raw: Bytes } {
  const raw = utf8(
    JSON.stringify({
      algorithm: LXENC_ALGORITHM,
      chunk_size: fields.chunkSize,
      nonce_prefix: toBase64Url(fields.noncePrefix),
      version: 1,
      wrap_nonce: toBase64Url(fields.wrapNonce),
      wrapped_dek: toBase64Url(fields.wrappedDek),
    }),
  )
  const length = new Uint8Array(4)
  writeU32(length, 0, raw.length)
  return { prefix: concatBytes([LXENC_MAGIC, length, raw]), raw }
}

/** Throws unless the length field of a header is one that `profile` reads. */
export function assertHeaderLength(length: number, profile: LxencProfile): void {
  const limit = profile === 'strict' ? LXENC_MAX_HEADER_BYTES : LXENC_MAX_LEGACY_HEADER_BYTES
  if (length > 0 && length <= limit) return
  throw new ContainerError('header-length', `A header of ${length} bytes is not allowed: it has 1 to ${limit}`, 8)
}

/** The header from its JSON as stored. Offsets of errors point at the member in the file. */
export function parseLxencHeader(raw: Uint8Array, profile: LxencProfile): LxencHeader {
  const members = scanFlatObject(raw, LXENC_PREFIX_BYTES)
  const fields = profile === 'strict' ? strictFields(members) : legacyFields(members)
  const binary = (name: BinaryName) => binaryField(name, fields[name], profile)
  if (fields.algorithm.value !== LXENC_ALGORITHM) throw fault('header-algorithm', 'algorithm', fields.algorithm)
  if (profile === 'strict' && !(fields.version.isInteger && fields.version.value === 1))
    throw fault('header-version', 'version', fields.version)
  return {
    raw,
    chunkSize: profile === 'strict' ? strictChunkSize(fields.chunk_size) : legacyChunkSize(fields.chunk_size),
    noncePrefix: binary('nonce_prefix'),
    wrapNonce: binary('wrap_nonce'),
    wrappedDek: binary('wrapped_dek'),
  }
}

type Fields = Record<FieldName, JsonMember>

const reasons: Partial<Record<ContainerErrorKind, string>> = {
  'header-algorithm': 'is not AESGCM-chunked-v1',
  'header-version': 'is not the integer 1',
  'header-chunk-size': `is not between 1 and ${LXENC_MAX_CHUNK_SIZE}`,
  'header-field-type': 'is not of the right type',
  'header-field-encoding': 'is not padded urlsafe base64',
  'header-field-size': 'has the wrong number of bytes',
  'header-field-missing': 'is missing',
  'header-field-repeated': 'stands there twice',
  'header-field-unknown': 'is not a field of this format',
}

function fault(kind: ContainerErrorKind, name: string, member?: JsonMember): ContainerError {
  const shown = (FIELDS as readonly string[]).includes(name) ? name : JSON.stringify(name.slice(0, 40))
  return new ContainerError(kind, `The header field ${shown} ${reasons[kind]}`, member?.offset ?? LXENC_PREFIX_BYTES)
}

function strictFields(members: readonly JsonMember[]): Fields {
  const seen = new Map<string, JsonMember>()
  for (const member of members) {
    if (!(FIELDS as readonly string[]).includes(member.name)) throw fault('header-field-unknown', member.name, member)
    if (seen.has(member.name)) throw fault('header-field-repeated', member.name, member)
    seen.set(member.name, member)
  }
  return completeFields(seen)
}

/** Older readers let the last of several members win and ignore those that they do not know. */
function legacyFields(members: readonly JsonMember[]): Fields {
  return completeFields(new Map(members.map((member) => [member.name, member])))
}

function completeFields(seen: ReadonlyMap<string, JsonMember>): Fields {
  for (const name of FIELDS) if (!seen.has(name)) throw fault('header-field-missing', name)
  return Object.fromEntries(FIELDS.map((name) => [name, seen.get(name)!])) as Fields
}

function binaryField(name: BinaryName, member: JsonMember, profile: LxencProfile): Bytes {
  if (typeof member.value !== 'string') throw fault('header-field-type', name, member)
  const bytes = profile === 'strict' ? fromCanonicalBase64Url(member.value) : fromBase64(member.value)
  if (bytes === null) throw fault('header-field-encoding', name, member)
  if (bytes.length !== BINARY_BYTES[name]) throw fault('header-field-size', name, member)
  return bytes
}

function strictChunkSize(member: JsonMember): number {
  if (!member.isInteger) throw fault('header-field-type', 'chunk_size', member)
  const size = member.value as number
  if (size < 1 || size > LXENC_MAX_CHUNK_SIZE) throw fault('header-chunk-size', 'chunk_size', member)
  return size
}

/** Numbers and their decimal text. Of no consequence: older readers go by the length fields alone. */
function legacyChunkSize(member: JsonMember): number {
  const { value } = member
  if (typeof value === 'number' && Number.isFinite(value)) return Math.trunc(value)
  if (typeof value === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(value)) return Number(value)
  throw fault('header-field-type', 'chunk_size', member)
}
