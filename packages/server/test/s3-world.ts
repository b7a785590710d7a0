import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { GoProgram } from '../../../test/servers/go-programs.ts'
import { type S3Server, type S3Start, startS3 } from '../../../test/servers/s3.ts'
import { systemClock } from '../src/core/clock.ts'
import type { S3Options } from '../src/storage/s3.ts'

/** A running S3 server with an administrator's client onto it. */
export type S3World = AsyncDisposable & {
  readonly server: S3Server
  readonly admin: S3Client
  /** A new bucket; answers its name. */
  bucket(options?: { objectLock?: boolean }): Promise<string>
  /** What opens a target in `bucket`. */
  options(bucket: string, more?: Partial<S3Options>): S3Options
}

export async function s3World(name: GoProgram, start: S3Start = {}): Promise<S3World> {
  const server = await startS3(name, start)
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const admin = new S3Client({
    ...{ endpoint, region, credentials, forcePathStyle: true },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  return {
    server,
    admin,
    async bucket(options = {}) {
      const Bucket = `holdfast-${randomUUID()}`
      await admin.send(new CreateBucketCommand({ Bucket, ...(options.objectLock ? { ObjectLockEnabledForBucket: true } : {}) }))
      return Bucket
    },
    options: (bucket, more) => ({
      ...{ endpoint, region, bucket, credentials, policy: { allowLocal: true }, clock: systemClock, timeout: 10_000 },
      ...more,
    }),
    async [Symbol.asyncDispose]() {
      admin.destroy()
      await server.stop()
    },
  }
}
