import { awsPartition } from './target-location.ts'

export type BucketPlace = { readonly bucket: string; readonly prefix: string; readonly region: string; readonly kmsKeyId: string | null }

const ofBucket = ['s3:ListBucketMultipartUploads', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration'] as const
const listings = ['s3:ListBucket', 's3:ListBucketVersions'] as const
const ofObjects = [
  's3:GetObject',
  's3:PutObject',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:PutObjectLegalHold',
] as const
const ofKey = ['kms:GenerateDataKey', 'kms:Decrypt'] as const

/** Every action of S3 that the driver asks for; a test holds it to the driver's own words. */
export const s3Actions: readonly string[] = [...ofBucket, ...listings, ...ofObjects]

/**
 * The least that a target in this bucket needs, as an IAM policy document (T11). With a prefix, listings are bound to it.
 * `StringLikeIfExists`: a look-up of one object, which tells "missing" from "forbidden" only to who may list, carries no prefix.
 */
export function s3Policy({ bucket, prefix, region, kmsKeyId }: BucketPlace): Record<string, unknown> {
  const partition = awsPartition(region)
  const arn = `arn:${partition}:s3:::${bucket}`
  const below = prefix === '' ? '' : `${prefix}/`
  const condition = below === '' ? {} : { Condition: { StringLikeIfExists: { 's3:prefix': [`${below}*`] } } }
  const allow = (Sid: string, Action: readonly string[], Resource: string) => ({ Sid, Effect: 'Allow', Action: [...Action], Resource })
  const key = kmsKeyId === null ? [] : [{ ...allow('HoldfastKey', ofKey, keyArn(kmsKeyId, partition, region)), ...ofAlias(kmsKeyId) }]
  return {
    Version: '2012-10-17',
    Statement: [
      allow('HoldfastBucket', ofBucket, arn),
      { ...allow('HoldfastListings', listings, arn), ...condition },
      allow('HoldfastObjects', ofObjects, `${arn}/${below}*`),
      ...key,
    ],
  }
}

function keyArn(kmsKeyId: string, partition: string, region: string): string {
  if (kmsKeyId.startsWith('arn:')) return kmsKeyId
  const name = kmsKeyId.startsWith('alias/') ? '*' : kmsKeyId
  return `arn:${partition}:kms:${region === '' ? '*' : region}:*:key/${name}`
}

/** Statements name keys, not aliases: one is told by its alias in a condition. */
const ofAlias = (kmsKeyId: string) =>
  kmsKeyId.startsWith('alias/') ? { Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': [kmsKeyId] } } } : {}

/** What the bucket has to allow browsers at `origin`, so that they can send parts and read the ETag of each (T11, D2). */
export const corsRules = (origin: string): Record<string, unknown>[] => [
  {
    AllowedOrigins: [origin],
    AllowedMethods: ['GET', 'PUT'],
    AllowedHeaders: ['content-type', 'content-md5', 'range', 'x-amz-*'],
    ExposeHeaders: ['ETag', 'Content-Range', 'x-amz-checksum-sha256'],
    MaxAgeSeconds: 3600,
  },
]
