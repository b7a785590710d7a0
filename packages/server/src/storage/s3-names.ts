import { randomUUID } from 'node:crypto'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { isRefusedRequest } from './s3-errors.ts'
import { deleteByName, sendPut } from './s3-objects.ts'
import { decodeName, request, type S3, toObjectKey } from './s3-place.ts'
import { type CallOptions, StorageError } from './target.ts'

/** Stores an object with a backslash in its name and looks what it is called in a listing. */
async function tryBackslash(s3: S3, options?: CallOptions): Promise<boolean> {
  const Key = toObjectKey(s3, `holdfast-probe/${randomUUID()}\\x`)
  try {
    await sendPut(s3, { Key, bytes: new Uint8Array([1]), ifAbsent: false }, options)
  } catch (error) {
    // What finds no fault with other names refuses this one.
    if (isRefusedRequest(error) || (error instanceof StorageError && error.fault !== 'denied' && isRefusal(error.cause))) return false
    throw error
  }
  const input = { Bucket: s3.bucket, Prefix: Key.slice(0, Key.lastIndexOf('\\')), EncodingType: 'url' as const }
  const page = await request('s3:ListBucket', options, (http) => s3.client.send(new ListObjectsV2Command(input), http))
  await deleteByName(s3, Key, options)
  return (page.Contents ?? []).some((row) => (page.EncodingType === 'url' ? decodeName(row.Key ?? '') : row.Key) === Key)
}

const isRefusal = (cause: unknown): boolean =>
  (cause as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode === 400

/**
 * Rejects with 'bad-key' where the backend takes a backslash for a slash: two keys would be one object. It is tried once, with the
 * first key that has one.
 */
export async function requireExactName(s3: S3, key: string, options?: CallOptions): Promise<void> {
  if (!key.includes('\\')) return
  s3.keepsBackslash ??= await tryBackslash(s3, options)
  if (!s3.keepsBackslash) throw new StorageError('bad-key', 'The backend cannot hold the name: it takes a backslash for a slash')
}
