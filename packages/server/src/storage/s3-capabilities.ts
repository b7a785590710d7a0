import { createHash, randomUUID } from 'node:crypto'
import { GetBucketVersioningCommand, GetObjectLockConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Capabilities } from './capabilities.ts'
import { corsAllows } from './s3-cors.ts'
import { isRefusedRequest } from './s3-errors.ts'
import { atRestOf, deleteByName, hasConditionalWrites, sendPut } from './s3-objects.ts'
import { encryptionOf, isFault, request, type S3, toObjectKey, withEncryption } from './s3-place.ts'
import { type CallOptions, StorageError } from './target.ts'

/** Amazon S3, "Multipart upload limits". */
const LEAST_PART = 5 * 2 ** 20
const MOST_PARTS = 10_000

/** Null where the access key may not ask. */
async function hasVersions(s3: S3, options: CallOptions): Promise<boolean | null> {
  try {
    const answer = await request('s3:GetBucketVersioning', options, (http) =>
      s3.client.send(new GetBucketVersioningCommand({ Bucket: s3.bucket }), http),
    )
    return answer.Status === 'Enabled' || answer.Status === 'Suspended'
  } catch (error) {
    if (isFault(error, 'denied') && !isRefusedRequest(error)) return null
    if (error instanceof StorageError) return false
    throw error
  }
}

/** Backends without it, buckets without it and access keys that may not ask all answer with some error. */
async function hasObjectLock(s3: S3, options: CallOptions): Promise<boolean> {
  try {
    const answer = await request('s3:GetBucketObjectLockConfiguration', options, (http) =>
      s3.client.send(new GetObjectLockConfigurationCommand({ Bucket: s3.bucket }), http),
    )
    return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  } catch (error) {
    if (error instanceof StorageError) return false
    throw error
  }
}

type Tried = Pick<Capabilities, 'verifiesSha256' | 'encryptionAtRest'>

/** Puts bytes with their own SHA-256 and then with that of others; who takes both does not look. */
async function tryPuts(s3: S3, Key: string, options: CallOptions): Promise<Tried> {
  const bytes = Buffer.from('holdfast probe')
  const put = (digestOf: Uint8Array) =>
    request('s3:PutObject', options, (http) =>
      withEncryption(s3, () => {
        const ChecksumSHA256 = createHash('sha256').update(digestOf).digest('base64')
        const input = { Bucket: s3.bucket, Key, Body: bytes, ContentLength: bytes.length, ChecksumSHA256, ...encryptionOf(s3) }
        return s3.client.send(new PutObjectCommand(input), http)
      }),
    )
  await sendPut(s3, { Key, bytes, ifAbsent: false }, options)
  const { ServerSideEncryption } = await put(bytes).catch(() => ({ ServerSideEncryption: undefined }))
  const refused = await put(Buffer.from('other')).then(
    () => false,
    (error: unknown) => error instanceof StorageError && (!isFault(error, 'denied') || isRefusedRequest(error)),
  )
  const taken = await put(bytes).then(
    () => true,
    () => false,
  )
  const encryptionAtRest = atRestOf(ServerSideEncryption)
  return { verifiesSha256: refused && taken, encryptionAtRest }
}

/**
 * Finds out what the bucket can do, with a few small objects that are deleted again. Rejects where nothing can be written.
 * `origin` is the web origin whose browsers are to send parts straight to the bucket.
 */
export async function probeS3(s3: S3, options: CallOptions & { origin?: string } = {}): Promise<Capabilities> {
  const Key = toObjectKey(s3, `holdfast-probe/${randomUUID()}`)
  try {
    const tried = await tryPuts(s3, Key, options)
    return {
      ...tried,
      conditionalWrites: await hasConditionalWrites(s3, options),
      versioning: await hasVersions(s3, options),
      objectLock: await hasObjectLock(s3, options),
      cors: options.origin ? await corsAllows(s3, Key, { ...options, origin: options.origin }) : null,
      leastPartBytes: LEAST_PART,
      mostParts: MOST_PARTS,
      presign: true,
      serverCopy: true,
      freeBytes: null,
    }
  } finally {
    await deleteByName(s3, Key).catch(() => {})
  }
}
