import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { isKeyPrefix } from './key.ts'
import { checkPart, checkReceipts, checkSize } from './receipts.ts'
import { getStored, hasConditionalWrites, headObject, md5Of, type S3Stat, sendPut, toStat, WRITE_METADATA } from './s3-objects.ts'
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
import {
  type CallOptions,
  type CommitOptions,
  type ObjectStat,
  type PartReceipt,
  StorageError,
  type WriteId,
  type WritePart,
  writeName,
} from './target.ts'

/** Amazon S3, "Multipart upload limits". */
const MOST_PARTS = 10_000

const noSuchWrite = (): StorageError => new StorageError('not-found', 'There is no such write: it was committed, aborted or never begun')

/** `<upload id>#<size>.<uuid>`: the backend lists the upload id alone, so what else is needed stands behind it. */
type S3Write = { readonly uploadId: string; readonly size: number; readonly token: string }

const idPattern = /^[^#]+#([0-9a-z]+)\.([0-9a-f-]{36})$/

const nameOf = (uploadId: string): string => encodeURIComponent(uploadId)

/** Throws 'not-found' for what is no id of this driver. */
function uploadIdOf(id: WriteId): string {
  let uploadId = ''
  try {
    uploadId = decodeURIComponent(writeName(id))
  } catch {
    throw noSuchWrite()
  }
  // Some servers take the id for a path and answer that the resource name is invalid.
  if (uploadId === '' || uploadId.split(/[\\/]/).includes('..')) throw noSuchWrite()
  return uploadId
}

function parseWrite(id: WriteId): S3Write {
  const [, size, token] = idPattern.exec(id) ?? []
  if (!size || !token) throw noSuchWrite()
  return { uploadId: uploadIdOf(id), size: Number.parseInt(size, 36), token }
}

/** The upload id of a write, for presigning its parts. */
export const presignableUpload = (id: WriteId): string => parseWrite(id).uploadId

export async function beginWrite(s3: S3, key: string, size: number, options?: CallOptions): Promise<WriteId> {
  const Key = toObjectKey(s3, key)
  checkSize(size)
  const token = randomUUID()
  const answer = await request('s3:PutObject', options, (http) =>
    withEncryption(s3, () =>
      s3.client.send(
        new CreateMultipartUploadCommand({
          Bucket: s3.bucket,
          Key,
          ContentType: 'application/octet-stream',
          Metadata: { [WRITE_METADATA]: token },
          ...encryptionOf(s3),
        }),
        http,
      ),
    ),
  ).catch((error: unknown) => {
    throw asRefusedName(error, key)
  })
  if (!answer.UploadId) throw new StorageError('unavailable', 'The backend began an upload without telling its id')
  return `${nameOf(answer.UploadId)}#${size.toString(36)}.${token}`
}

export async function writePart(s3: S3, named: { key: string; id: WriteId }, part: WritePart, options?: CallOptions): Promise<PartReceipt> {
  const Key = toObjectKey(s3, named.key)
  const { uploadId, size } = parseWrite(named.id)
  checkPart(part, size)
  if (part.number > MOST_PARTS) throw new StorageError('bad-part', `S3 takes ${MOST_PARTS} parts at most`)
  const answer = await request('s3:PutObject', options, (http) =>
    s3.client.send(
      new UploadPartCommand({
        Bucket: s3.bucket,
        Key,
        UploadId: uploadId,
        PartNumber: part.number,
        Body: part.bytes,
        ContentLength: part.bytes.length,
        ...(s3.needsMd5 ? { ContentMD5: md5Of(part.bytes) } : {}),
      }),
      http,
    ),
  )
  checkEncryption(s3, answer)
  if (!answer.ETag) throw new StorageError('unavailable', 'The backend took a part without telling its ETag')
  return { number: part.number, size: part.bytes.length, tag: answer.ETag }
}

/** Parts are durable once they are taken; this proves that the write is still there. */
export async function flushWrite(s3: S3, key: string, id: WriteId, options?: CallOptions): Promise<void> {
  const Key = toObjectKey(s3, key)
  const { uploadId } = parseWrite(id)
  await request('s3:ListMultipartUploadParts', options, (http) =>
    s3.client.send(new ListPartsCommand({ Bucket: s3.bucket, Key, UploadId: uploadId, MaxParts: 1 }), http),
  )
}

type Commit = { readonly key: string; readonly Key: string; readonly write: S3Write; readonly receipts: readonly PartReceipt[] }

/** A backend without conditional completion is not asked for it; the look before is then all there is. */
const conditionOf = (s3: S3, options: CommitOptions): { IfNoneMatch?: '*' } =>
  options.ifAbsent && s3.conditionalWrites ? { IfNoneMatch: '*' } : {}

async function complete(s3: S3, { Key, write, receipts }: Commit, options: CommitOptions): Promise<void> {
  const Parts = receipts.map(({ number, tag }) => ({ PartNumber: number, ETag: tag ?? '' }))
  await request('s3:PutObject', options, (http) =>
    s3.patient.send(
      new CompleteMultipartUploadCommand({
        Bucket: s3.bucket,
        Key,
        UploadId: write.uploadId,
        MultipartUpload: { Parts },
        ...conditionOf(s3, options),
      }),
      http,
    ),
  )
}

/** An upload without parts cannot be completed, so an empty object is put and the upload ended. */
async function completeEmpty(s3: S3, commit: Commit, id: WriteId, options: CommitOptions): Promise<void> {
  await flushWrite(s3, commit.key, id, options)
  const ifAbsent = conditionOf(s3, options).IfNoneMatch !== undefined
  await sendPut(s3, { Key: commit.Key, bytes: new Uint8Array(), ifAbsent, write: commit.write.token }, options)
  await abortUpload(s3, commit.Key, commit.write.uploadId, options)
}

async function refuseTagless(s3: S3, commit: Commit, id: WriteId, options?: CallOptions): Promise<never> {
  await flushWrite(s3, commit.key, id, options)
  throw new StorageError('bad-part', 'A receipt has no ETag')
}

export async function commitWrite(
  s3: S3,
  named: { key: string; id: WriteId },
  receipts: readonly PartReceipt[],
  options: CommitOptions = {},
): Promise<ObjectStat> {
  const { key, id } = named
  const Key = toObjectKey(s3, key)
  const write = parseWrite(id)
  if (options.ifAbsent) {
    const there = await headObject(s3, key, options)
    if (there?.write === write.token) return toStat(there)
    if (there) throw new StorageError('exists', 'The key is taken')
    await hasConditionalWrites(s3, options)
  }
  try {
    const commit: Commit = { key, Key, write, receipts: checkReceipts(receipts, write.size) }
    if (receipts.some((receipt) => receipt.tag === null)) await refuseTagless(s3, commit, id, options)
    if (write.size === 0) await completeEmpty(s3, commit, id, options)
    else await complete(s3, commit, options)
  } catch (error) {
    const taken = options.ifAbsent === true && isFault(error, 'exists')
    if (!taken && !isFault(error, 'not-found')) throw error
    const there = await headObject(s3, key, options)
    if (taken && there?.write !== write.token) throw error
    return own(there, write)
  }
  return own(await getStored(s3, key, { size: write.size, options }), write)
}

/** Some servers answer a repeated completion with success whatever became of the object since: only its own mark proves it. */
function own(stat: S3Stat | null, write: S3Write): ObjectStat {
  if (stat?.write !== write.token) throw noSuchWrite()
  return toStat(stat)
}

/** What the backend holds of a write: parts that browsers sent are known to it alone. */
export async function listParts(s3: S3, named: { key: string; id: WriteId }, options?: CallOptions): Promise<PartReceipt[]> {
  const Key = toObjectKey(s3, named.key)
  const { uploadId } = parseWrite(named.id)
  const receipts: PartReceipt[] = []
  for (let marker: string | undefined; ; ) {
    const page = await request('s3:ListMultipartUploadParts', options, (http) => {
      const more = marker === undefined ? {} : { PartNumberMarker: marker }
      return s3.client.send(new ListPartsCommand({ Bucket: s3.bucket, Key, UploadId: uploadId, ...more }), http)
    })
    for (const { PartNumber = 0, Size = 0, ETag } of page.Parts ?? []) receipts.push({ number: PartNumber, size: Size, tag: ETag ?? null })
    if (!page.IsTruncated || !page.NextPartNumberMarker) return receipts
    marker = page.NextPartNumberMarker
  }
}

export async function abortUpload(s3: S3, Key: string, UploadId: string, options?: CallOptions): Promise<void> {
  try {
    await request('s3:AbortMultipartUpload', options, (http) =>
      s3.client.send(new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key, UploadId }), http),
    )
  } catch (error) {
    if (!isFault(error, 'not-found')) throw error
  }
}

export async function abortWrite(s3: S3, key: string, id: WriteId, options?: CallOptions): Promise<void> {
  const Key = toObjectKey(s3, key)
  try {
    await abortUpload(s3, Key, uploadIdOf(id), options)
  } catch (error) {
    if (!isFault(error, 'not-found')) throw error
  }
}

/**
 * Asks for the uploads of the whole bucket and picks: some servers (MinIO) list by exact key or not at all when a prefix is given.
 */
export async function* listWrites(
  s3: S3,
  prefix: string,
  options: { olderThan: number; call: CallOptions | undefined },
): AsyncGenerator<{ key: string; write: WriteId; startedAt: number }> {
  if (!isKeyPrefix(prefix)) return
  for (let marker: { KeyMarker?: string; UploadIdMarker?: string } = {}; ; ) {
    const page = await request('s3:ListBucketMultipartUploads', options.call, (http) =>
      s3.client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket, EncodingType: 'url', ...marker }), http),
    )
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      const key = fromObjectKey(s3, page.EncodingType === 'url' ? decodeName(Key) : Key)
      const startedAt = Initiated?.getTime() ?? 0
      if (key?.startsWith(prefix) && startedAt < options.olderThan) yield { key, write: nameOf(UploadId), startedAt }
    }
    if (!page.IsTruncated || !page.NextKeyMarker) return
    const KeyMarker = page.EncodingType === 'url' ? decodeName(page.NextKeyMarker) : page.NextKeyMarker
    marker = { KeyMarker, ...(page.NextUploadIdMarker ? { UploadIdMarker: page.NextUploadIdMarker } : {}) }
  }
}
