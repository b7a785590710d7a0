import { createHash, randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { isKeyPrefix } from './key.ts'
import { readBody } from './s3-body.ts'
import { s3CodeOf } from './s3-errors.ts'
import {
  asRefusedName,
  checkEncryption,
  decodeName,
  encryptionOf,
  fromObjectKey,
  isFault,
  request,
  type S3,
  toObjectKey,
  withEncryption,
} from './s3-place.ts'
import { type CallOptions, type FolderEntry, type ObjectStat, StorageError } from './target.ts'

/** Carries the id of the write that made the object, by which a repeated commit knows its own. */
export const WRITE_METADATA = 'holdfast-write'

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64')

const unquoted = (etag: string | undefined): string | null => etag?.replace(/^"|"$/g, '') ?? null

/** What the backend answers for `x-amz-server-side-encryption`, in our words. */
export function atRestOf(algorithm: string | undefined): 'sse-kms' | 'sse-s3' | null {
  if (algorithm?.startsWith('aws:kms')) return 'sse-kms'
  return algorithm === 'AES256' ? 'sse-s3' : null
}

export type S3Stat = ObjectStat & { readonly write: string | null }

/** Null where there is no object. */
export async function headObject(s3: S3, key: string, options?: CallOptions): Promise<S3Stat | null> {
  const Key = toObjectKey(s3, key)
  try {
    return await request('s3:GetObject', options, async (http) => {
      const head = await s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key }), http)
      const { ContentLength: size = 0, LastModified, ETag, Metadata, ServerSideEncryption } = head
      const stat = { key, size, modifiedAt: LastModified?.getTime() ?? 0, etag: unquoted(ETag), atRest: atRestOf(ServerSideEncryption) }
      return { ...stat, write: Metadata?.[WRITE_METADATA] ?? null }
    })
  } catch (error) {
    if (isFault(error, 'not-found')) return null
    throw error
  }
}

export const toStat = ({ write: _write, ...stat }: S3Stat): ObjectStat => stat

/** The object that was just stored; 'unavailable' where the backend does not show it as it was sent. */
export async function getStored(s3: S3, key: string, expected: { size: number; options: CallOptions | undefined }): Promise<S3Stat> {
  const stat = await headObject(s3, key, expected.options)
  if (stat?.size === expected.size) return stat
  const what = stat ? `has ${stat.size} bytes instead of ${expected.size}` : 'is not there'
  throw new StorageError('unavailable', `The backend said that the object is stored, but it ${what}`)
}

type Put = { Key: string; bytes: Uint8Array; ifAbsent: boolean; write?: string }

export async function sendPut(s3: S3, { Key, bytes, ifAbsent, write }: Put, options?: CallOptions): Promise<void> {
  const answer = await request('s3:PutObject', options, (http) =>
    withEncryption(s3, () =>
      s3.client.send(
        new PutObjectCommand({
          Bucket: s3.bucket,
          Key,
          Body: bytes,
          ContentLength: bytes.length,
          ContentType: 'application/octet-stream',
          ...encryptionOf(s3),
          ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
          ...(write ? { Metadata: { [WRITE_METADATA]: write } } : {}),
          ...(s3.needsMd5 ? { ContentMD5: md5Of(bytes) } : {}),
        }),
        http,
      ),
    ),
  )
  checkEncryption(s3, answer)
}

/** Whether the backend keeps an object when a second put says If-None-Match; some ignore the header and overwrite. Tried once. */
export async function hasConditionalWrites(s3: S3, options?: CallOptions): Promise<boolean> {
  if (s3.conditionalWrites !== null) return s3.conditionalWrites
  const Key = toObjectKey(s3, `holdfast-probe/${randomUUID()}`)
  const bytes = new Uint8Array([1])
  await sendPut(s3, { Key, bytes, ifAbsent: false }, options)
  try {
    await sendPut(s3, { Key, bytes, ifAbsent: true }, options)
    s3.conditionalWrites = false
  } catch (error) {
    s3.conditionalWrites = isFault(error, 'exists')
  }
  await deleteByName(s3, Key, options)
  return s3.conditionalWrites
}

export async function putObject(
  s3: S3,
  key: string,
  bytes: Uint8Array,
  options: CallOptions & { ifAbsent?: boolean } = {},
): Promise<ObjectStat> {
  const Key = toObjectKey(s3, key)
  if (options.ifAbsent && !(await hasConditionalWrites(s3, options))) {
    throw new StorageError('denied', 'The backend has no conditional writes: it cannot store an object only if its key is free')
  }
  try {
    await sendPut(s3, { Key, bytes, ifAbsent: options.ifAbsent ?? false }, options)
  } catch (error) {
    // AWS answers 409 to some of several puts at once, and has stored none of those (ConditionalRequestConflict).
    const lost = options.ifAbsent && error instanceof StorageError && s3CodeOf(error.cause) === 'ConditionalRequestConflict'
    if (lost && (await headObject(s3, key, options))) throw new StorageError('exists', 'The key is taken', { cause: error })
    throw asRefusedName(error, key)
  }
  return toStat(await getStored(s3, key, { size: bytes.length, options }))
}

/** Fills `bytes` from `offset`. */
export async function readObject(
  s3: S3,
  key: string,
  range: { offset: number; bytes: Uint8Array; options: CallOptions | undefined },
): Promise<void> {
  const { offset, bytes, options } = range
  const Key = toObjectKey(s3, key)
  if (bytes.length === 0) return readNothing(s3, key, range)
  await request('s3:GetObject', options, async (http) => {
    const Range = `bytes=${offset}-${offset + bytes.length - 1}`
    const answer = await s3.client.send(new GetObjectCommand({ Bucket: s3.bucket, Key, Range }), http)
    const body = answer.Body as Readable
    const expected = answer.ContentLength ?? bytes.length
    const whole = answer.ContentRange === undefined && (offset > 0 || expected > bytes.length)
    if (whole || expected < bytes.length) {
      body.once('error', () => {})
      body.destroy()
      if (whole) throw new StorageError('denied', 'The backend ignores ranges')
      throw new StorageError('out-of-range', `The object ends at ${offset + expected}`)
    }
    const got = await readBody(body, bytes, { timeout: s3.timeout, signal: options?.signal })
    if (got < bytes.length) throw new StorageError('unavailable', `The answer broke off after ${got} of ${bytes.length} bytes`)
  })
}

async function readNothing(s3: S3, key: string, range: { offset: number; options: CallOptions | undefined }): Promise<void> {
  const stat = await headObject(s3, key, range.options)
  if (!stat) throw new StorageError('not-found', 'There is no such object')
  if (range.offset > stat.size) throw new StorageError('out-of-range', `${range.offset} of ${stat.size} bytes`)
}

type Listed = { readonly name: string; readonly stat: Omit<ObjectStat, 'key'> | null }

/** What the bucket holds below a prefix, by its own names: objects, and with a delimiter folders, which have no stat. A page at a time. */
async function* namesBelow(s3: S3, asked: { Prefix: string; Delimiter?: '/' }, options?: CallOptions): AsyncGenerator<Listed> {
  for (let token: string | undefined; ; ) {
    const page = await request('s3:ListBucket', options, (http) => {
      const more = token === undefined ? {} : { ContinuationToken: token }
      return s3.client.send(new ListObjectsV2Command({ Bucket: s3.bucket, ...asked, EncodingType: 'url', ...more }), http)
    })
    const plain = (name: string): string => (page.EncodingType === 'url' ? decodeName(name) : name)
    for (const { Key = '', Size = 0, LastModified, ETag } of page.Contents ?? []) {
      yield { name: plain(Key), stat: { size: Size, modifiedAt: LastModified?.getTime() ?? 0, etag: unquoted(ETag) } }
    }
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) yield { name: plain(Prefix), stat: null }
    if (!page.IsTruncated || !page.NextContinuationToken) return
    token = page.NextContinuationToken
  }
}

export async function* listObjects(s3: S3, prefix: string, options?: CallOptions): AsyncGenerator<ObjectStat> {
  if (!isKeyPrefix(prefix)) return
  for await (const { name, stat } of namesBelow(s3, { Prefix: s3.prefix + prefix }, options)) {
    const key = fromObjectKey(s3, name)
    if (stat && key?.startsWith(prefix)) yield { key, ...stat }
  }
}

/** What lies directly below a prefix; the marker that some programs make for a folder is not a thing in it. */
export async function* listFolder(s3: S3, folder: string, options?: CallOptions): AsyncGenerator<FolderEntry> {
  if (!isKeyPrefix(folder)) return
  const Prefix = s3.prefix + folder
  for await (const { name, stat } of namesBelow(s3, { Prefix, Delimiter: '/' }, options)) {
    if (name === Prefix || !name.startsWith(Prefix)) continue
    const own = name.slice(Prefix.length)
    const key = fromObjectKey(s3, name)
    if (!stat) yield { kind: 'folder', name: own.replace(/\/$/, '') }
    else if (key === null) yield { kind: 'foreign', name: own }
    else yield { kind: 'object', object: { key, ...stat } }
  }
}

/** What lies below the key as in a folder: backends that keep objects as files then have no room for one of this key. */
export async function findBelow(s3: S3, key: string, options?: CallOptions): Promise<ObjectStat | null> {
  for await (const below of listObjects(s3, `${key}/`, options)) return { ...below, key }
  return null
}

/** Every version and delete marker of exactly `Key`, newest first. */
async function* versionsOf(s3: S3, Key: string, options?: CallOptions): AsyncGenerator<string> {
  for (let marker: { KeyMarker?: string; VersionIdMarker?: string } = {}; ; ) {
    const page = await request('s3:ListBucketVersions', options, (http) =>
      s3.client.send(new ListObjectVersionsCommand({ Bucket: s3.bucket, Prefix: Key, ...marker }), http),
    )
    for (const version of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) {
      if (version.Key === Key && version.VersionId) yield version.VersionId
    }
    if (!page.IsTruncated || page.NextKeyMarker === undefined || page.NextKeyMarker > Key) return
    marker = { KeyMarker: page.NextKeyMarker, ...(page.NextVersionIdMarker ? { VersionIdMarker: page.NextVersionIdMarker } : {}) }
  }
}

/** The version that a plain read gives; null where there is no object, '' where the bucket keeps no versions. */
async function currentVersion(s3: S3, Key: string, options?: CallOptions): Promise<string | null> {
  try {
    const head = await request('s3:GetObject', options, (http) => s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key }), http))
    return head.VersionId ?? ''
  } catch (error) {
    if (isFault(error, 'not-found')) return null
    throw error
  }
}

async function deleteVersion(s3: S3, version: { Key: string; VersionId: string }, options?: CallOptions): Promise<void> {
  try {
    const input = { Bucket: s3.bucket, ...version }
    await request('s3:DeleteObjectVersion', options, (http) => s3.client.send(new DeleteObjectCommand(input), http))
  } catch (error) {
    // What MinIO says of a locked version.
    const locked = error instanceof StorageError && s3CodeOf(error.cause) === 'InvalidRequest'
    throw locked ? new StorageError('denied', 'The object is locked against deletion', { cause: error }) : error
  }
}

/**
 * In a bucket with versions a plain delete would only hide the object, also one that is held. So there every version is deleted by
 * its id, the current one first: 'denied' where it is locked, and then it still shows.
 */
export async function deleteByName(s3: S3, Key: string, options?: CallOptions): Promise<void> {
  const current = await currentVersion(s3, Key, options)
  if (current === null) return
  if (current === '') {
    await request('s3:DeleteObject', options, (http) => s3.client.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key }), http))
    return
  }
  await deleteVersion(s3, { Key, VersionId: current }, options)
  for await (const VersionId of versionsOf(s3, Key, options)) await deleteVersion(s3, { Key, VersionId }, options)
}

export const deleteObject = (s3: S3, key: string, options?: CallOptions): Promise<void> => deleteByName(s3, toObjectKey(s3, key), options)
