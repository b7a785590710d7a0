import { GetObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { toS3StorageError } from './s3-errors.ts'
import { requireExactName } from './s3-names.ts'
import { encryptionOf, type S3, toObjectKey } from './s3-place.ts'
import { listParts, presignableUpload } from './s3-writes.ts'
import type { Presign, SignedRequest } from './target.ts'

type Command = GetObjectCommand | PutObjectCommand | UploadPartCommand
type Signing = { readonly method: 'GET' | 'PUT'; readonly expiresInSeconds: number; readonly headers: Record<string, string> }

/**
 * The SDK signs `host` alone and moves `x-amz-*` headers into the query, where a client may drop what they mean. So each header that
 * has to hold is kept a header and signed: without it, or with another value, the backend refuses the request.
 */
async function sign(s3: S3, command: Command, { method, expiresInSeconds, headers }: Signing): Promise<SignedRequest> {
  const names = new Set(Object.keys(headers))
  try {
    const signingDate = new Date(s3.clock.now())
    const options = { expiresIn: expiresInSeconds, signingDate, signableHeaders: new Set(['host', ...names]), unhoistableHeaders: names }
    const url = await getSignedUrl(s3.client as never, command as never, options)
    return { url, method, headers, expiresAt: signingDate.getTime() + expiresInSeconds * 1000 }
  } catch (error) {
    throw toS3StorageError(error, method === 'GET' ? 's3:GetObject' : 's3:PutObject')
  }
}

const encryptionHeaders = (s3: S3): Record<string, string> => {
  const { ServerSideEncryption, SSEKMSKeyId } = encryptionOf(s3)
  return {
    ...(ServerSideEncryption ? { 'x-amz-server-side-encryption': ServerSideEncryption } : {}),
    ...(SSEKMSKeyId ? { 'x-amz-server-side-encryption-aws-kms-key-id': SSEKMSKeyId } : {}),
  }
}

/** Requests that a browser makes straight to the bucket. `url` is a bearer token: it is never logged. */
export const createPresign = (s3: S3): Presign => ({
  async get(key, { expiresInSeconds, disposition, contentType }) {
    await requireExactName(s3, key)
    const command = new GetObjectCommand({
      Bucket: s3.bucket,
      Key: toObjectKey(s3, key),
      ...(disposition ? { ResponseContentDisposition: disposition } : {}),
      ...(contentType ? { ResponseContentType: contentType } : {}),
      ResponseCacheControl: 'private, no-store',
    })
    return sign(s3, command, { method: 'GET', expiresInSeconds, headers: {} })
  },
  async put(key, { expiresInSeconds, size, contentType, sha256, ifAbsent }) {
    await requireExactName(s3, key)
    const checksum = sha256 && Buffer.from(sha256).toString('base64')
    const command = new PutObjectCommand({
      Bucket: s3.bucket,
      Key: toObjectKey(s3, key),
      ContentLength: size,
      ContentType: contentType,
      ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      ...encryptionOf(s3),
      ...(checksum ? { ChecksumSHA256: checksum, ChecksumAlgorithm: 'SHA256' as const } : {}),
    })
    const headers = {
      'content-type': contentType,
      'content-length': String(size),
      ...(ifAbsent ? { 'if-none-match': '*' } : {}),
      ...encryptionHeaders(s3),
      ...(checksum ? { 'x-amz-checksum-sha256': checksum, 'x-amz-sdk-checksum-algorithm': 'SHA256' } : {}),
    }
    return sign(s3, command, { method: 'PUT', expiresInSeconds, headers })
  },
  async part(key, write, number, { expiresInSeconds, size }) {
    await requireExactName(s3, key)
    const command = new UploadPartCommand({
      Bucket: s3.bucket,
      Key: toObjectKey(s3, key),
      UploadId: presignableUpload(write),
      PartNumber: number,
      ContentLength: size,
    })
    return sign(s3, command, { method: 'PUT', expiresInSeconds, headers: { 'content-length': String(size) } })
  },
  listParts: (key, write, options) => listParts(s3, { key, id: write }, options),
})
