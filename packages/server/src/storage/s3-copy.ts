import { CompleteMultipartUploadCommand, CopyObjectCommand, CreateMultipartUploadCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import { getStored, headObject, toStat } from './s3-objects.ts'
import { encryptionOf, request, type S3, toObjectKey, withEncryption } from './s3-place.ts'
import { abortUpload } from './s3-writes.ts'
import { type CallOptions, type ObjectStat, StorageError } from './target.ts'

const GiB = 2 ** 30
/** Amazon S3, "CopyObject": one request copies at most 5 GB. */
export const LARGEST_COPY = 5 * GiB
const PIECE = GiB

const sourceOf = ({ bucket }: S3, Key: string): string => `${bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`

type Matching = { ifMatch?: string }
const conditionOf = ({ ifMatch }: Matching) => (ifMatch === undefined ? {} : { CopySourceIfMatch: `"${ifMatch}"` })

async function copyWhole(s3: S3, keys: { from: string; to: string }, options: CallOptions & Matching): Promise<void> {
  const input = { Bucket: s3.bucket, Key: keys.to, CopySource: sourceOf(s3, keys.from), ...conditionOf(options) }
  await request('s3:PutObject', options, (http) =>
    withEncryption(s3, () => s3.client.send(new CopyObjectCommand({ ...input, ...encryptionOf(s3) }), http)),
  )
}

async function copyInPieces(
  s3: S3,
  keys: { from: string; to: string; size: number },
  options: CallOptions & Matching & { piece: number },
): Promise<void> {
  const where = { Bucket: s3.bucket, Key: keys.to }
  const { UploadId = '' } = await request('s3:PutObject', options, (http) =>
    withEncryption(s3, () => s3.client.send(new CreateMultipartUploadCommand({ ...where, ...encryptionOf(s3) }), http)),
  )
  try {
    const Parts: { PartNumber: number; ETag: string | undefined }[] = []
    for (let offset = 0; offset < keys.size; offset += options.piece) {
      const PartNumber = Parts.length + 1
      const CopySourceRange = `bytes=${offset}-${Math.min(offset + options.piece, keys.size) - 1}`
      const input = { ...where, UploadId, PartNumber, CopySource: sourceOf(s3, keys.from), CopySourceRange, ...conditionOf(options) }
      const { CopyPartResult } = await request('s3:PutObject', options, (http) => s3.client.send(new UploadPartCopyCommand(input), http))
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag })
    }
    const done = new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts } as never })
    await request('s3:PutObject', options, (http) => s3.client.send(done, http))
  } catch (error) {
    await abortUpload(s3, keys.to, UploadId).catch(() => {})
    throw error
  }
}

const replaced = (): StorageError => new StorageError('not-found', 'The object to copy was replaced by another one')

/** Copies within the bucket without moving the bytes here. The copy is encrypted as a new object of this target would be. */
export async function copyObject(
  s3: S3,
  keys: { from: string; to: string },
  options: CallOptions & Matching & { largest?: number; piece?: number } = {},
): Promise<ObjectStat> {
  const { largest = LARGEST_COPY, piece = PIECE } = options
  const source = await headObject(s3, keys.from, options)
  if (!source) throw new StorageError('not-found', 'There is no object to copy')
  if (options.ifMatch !== undefined && source.etag !== options.ifMatch) throw replaced()
  const names = { from: toObjectKey(s3, keys.from), to: toObjectKey(s3, keys.to) }
  try {
    if (source.size <= largest) await copyWhole(s3, names, options)
    else await copyInPieces(s3, { ...names, size: source.size }, { ...options, piece })
  } catch (error) {
    if (options.ifMatch !== undefined && error instanceof StorageError && error.fault === 'exists') throw replaced()
    throw error
  }
  return toStat(await getStored(s3, keys.to, { size: source.size, options }))
}
