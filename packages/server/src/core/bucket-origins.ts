import { awsPartition } from './target-location.ts'

type Place = Readonly<Record<string, unknown>>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/**
 * Where browsers reach the bucket of an S3 target, as origins (RFC 6454 §6). AWS takes a bucket by its host name, and by its path
 * where the name has dots, which certificates do not cover. `place` has passed the schema of its kind.
 */
export function bucketOrigins(place: Place): string[] {
  const endpoint = text(place.endpoint)
  if (endpoint !== '') return [new URL(endpoint).origin]
  const region = text(place.region)
  const server = `s3.${region}.amazonaws.com${awsPartition(region) === 'aws-cn' ? '.cn' : ''}`
  const bucket = text(place.bucket)
  return [bucket.includes('.') ? `https://${server}` : `https://${bucket}.${server}`]
}
