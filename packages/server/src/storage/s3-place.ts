import type { S3Client } from '@aws-sdk/client-s3'
import type { Clock } from '../core/clock.ts'
import { checkKey, keyFault, MAX_KEY_BYTES } from './key.ts'
import { s3CodeOf, toS3StorageError } from './s3-errors.ts'
import { type CallOptions, StorageError } from './target.ts'

/** How objects are encrypted at rest by the backend: under a KMS key, under the backend's own, or as the bucket is set up. */
export type S3Encryption = { readonly mode: 'kms'; readonly keyId: string } | { readonly mode: 'aes256' } | { readonly mode: 'bucket' }

/** What the calls of one S3 target share. */
export type S3 = {
  readonly client: S3Client
  /** For completing an upload: a gateway puts the parts together in silence, for minutes where the object is large. */
  readonly patient: S3Client
  readonly clock: Clock
  readonly bucket: string
  /** '' or ending in '/'. */
  readonly prefix: string
  readonly timeout: number
  /** Whether uploads need a checksum that the backend takes as one (Object Lock). */
  readonly needsMd5: boolean
  /** `wanted` until a backend without SSE-S3 refuses it; KMS is never given up. */
  encryption: S3Encryption
  /** Null until it was tried. */
  conditionalWrites: boolean | null
  /** Null until it was tried. */
  keepsBackslash: boolean | null
}

/** The bucket's name for `key`; throws 'bad-key'. */
export function toObjectKey({ prefix }: Pick<S3, 'prefix'>, key: string): string {
  checkKey(key)
  const full = prefix + key
  if (Buffer.byteLength(full) > MAX_KEY_BYTES)
    throw new StorageError('bad-key', 'The key cannot be stored: it is too long with the prefix of the target')
  return full
}

/** Null for names in the bucket that are no key of ours, such as folder markers. */
export function fromObjectKey({ prefix }: Pick<S3, 'prefix'>, name: string): string | null {
  if (!name.startsWith(prefix)) return null
  const key = name.slice(prefix.length)
  return keyFault(key) === null ? key : null
}

/** Listings are asked for URL-encoded, since XML cannot hold every character (encoding-type=url). */
export const decodeName = (name: string): string => decodeURIComponent(name.replaceAll('+', ' '))

/** Request members that ask for encryption at rest. */
export function encryptionOf({ encryption }: Pick<S3, 'encryption'>): {
  ServerSideEncryption?: 'aws:kms' | 'AES256'
  SSEKMSKeyId?: string
} {
  if (encryption.mode === 'kms') return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.keyId }
  return encryption.mode === 'aes256' ? { ServerSideEncryption: 'AES256' } : {}
}

/** Throws 'denied' where SSE-KMS was asked for and the backend took the request without doing it. */
export function checkEncryption({ encryption }: Pick<S3, 'encryption'>, answer: { ServerSideEncryption?: string | undefined }): void {
  if (encryption.mode !== 'kms' || answer.ServerSideEncryption?.startsWith('aws:kms')) return
  throw new StorageError('denied', 'The backend ignored that objects are to be encrypted under a KMS key', {
    remedy: 'Remove the KMS key id from the target, or use a backend with SSE-KMS.',
  })
}

const refusals = [
  'NotImplemented',
  'InvalidArgument',
  'InvalidRequest',
  'InvalidEncryptionAlgorithmError',
  'InvalidEncryptionMethod',
  'MethodNotAllowed',
]

/** Runs `work`; where the backend has no SSE-S3 it runs once more with the bucket's default, which then stays. */
export async function withEncryption<T>(s3: S3, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    if (s3.encryption.mode !== 'aes256' || !(refusals.includes(s3CodeOf(error)) || status === 501)) throw error
    s3.encryption = { mode: 'bucket' }
    return work()
  }
}

/** One request: aborted by its signal with its reason, errors in the contract's words. `action` is what IAM calls it. */
export async function request<T>(
  action: string,
  options: CallOptions | undefined,
  send: (http: { abortSignal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  const signal = options?.signal
  signal?.throwIfAborted()
  try {
    return await send(signal ? { abortSignal: signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw toS3StorageError(error, action)
  }
}

// Amazon S3, "Object key naming guidelines": the characters to avoid, which some backends refuse.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among them
const unusual = /[{}^%`[\]"<>~#|\u0000-\u001f\u007f]/

/** An error of the call that gives an object its name: where the backend finds the request invalid, it is the name that it cannot hold. */
export function asRefusedName(error: unknown, key: string): unknown {
  const isRefused =
    error instanceof StorageError && unusual.test(key) && ['InvalidRequest', 'InvalidArgument'].includes(s3CodeOf(error.cause))
  return isRefused ? new StorageError('bad-key', 'The backend cannot hold the name', { cause: error }) : error
}

export const isFault = (error: unknown, fault: StorageError['fault']): boolean => error instanceof StorageError && error.fault === fault
