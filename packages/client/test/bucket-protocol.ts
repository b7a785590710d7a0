import { type Part, type PartReceipts, type PartUrls, Problem, type UploadSession } from '@holdfast/api'
import type { Upload, World } from './protocol-server.ts'

// What the protocol server says of parts that go straight into the bucket.

const sizeOf = ({ size, partSize }: UploadSession, number: number) => Math.min(partSize, size - (number - 1) * partSize)

export function partUrls(world: World, { session, bucket }: Upload, numbers: readonly number[]): PartUrls {
  if (session.status !== 'open') throw new Problem('UPLOAD_CLOSED')
  const { urlSeconds } = world.settings
  const expiresAt = new Date(Date.now() + urlSeconds * 1000).toISOString()
  const parts = numbers.map((number) => ({
    number,
    size: sizeOf(session, number),
    method: 'PUT' as const,
    url: world.bucket!.sign(bucket!.id, number, urlSeconds),
    headers: { 'x-amz-meta-signed': 'yes' },
    expiresAt,
  }))
  return { parts }
}

/** Takes the sender's word for the digest, and the bucket's for the bytes. */
export function keepReceipts(world: World, { session, parts, bucket }: Upload, receipts: PartReceipts): { items: Part[] } {
  if (session.status !== 'open') throw new Problem('UPLOAD_CLOSED')
  const items = receipts.parts.map(({ number, etag, sha256: declared }) => {
    const bytes = world.bucket!.uploads.get(bucket!.id)!.get(number)?.bytes
    if (bytes === undefined) throw new Problem('PARTS_MISSING')
    bucket!.etags.set(number, etag)
    parts.set(number, bytes)
    return { number, size: bytes.length, sha256: declared, storedAt: new Date().toISOString() }
  })
  return { items }
}

/** Parts whose ETag is not the bucket's are not there, as CompleteMultipartUpload sees it. */
export function dropUnproven(world: World, { parts, bucket }: Upload): void {
  for (const [number, etag] of bucket?.etags ?? []) {
    if (world.bucket!.uploads.get(bucket!.id)?.get(number)?.etag !== etag) parts.delete(number)
  }
}
