import { randomUUID } from 'node:crypto'
import { after, before, describe } from 'node:test'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { GoProgram } from '../../../test/servers/go-programs.ts'
import { type S3Server, startS3 } from '../../../test/servers/s3.ts'
import { systemClock } from '../src/core/clock.ts'
import { openS3Target } from '../src/storage/s3.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { withFaults, wrapTarget } from '../src/storage/wrap.ts'
import { targetContract } from './target.contract.ts'

const retried =
  (when: 'before' | 'after') =>
  (target: StorageTarget): StorageTarget =>
    wrapTarget(
      withFaults(target, (call, count) => (call.repeatable && count % 2 === 1 ? when : null)),
      { clock: systemClock, attempts: 64, firstDelay: 0 },
    )

const wraps: [string, (target: StorageTarget) => StorageTarget][] = [
  ['', (target) => target],
  [', retried through faults before each call', retried('before')],
  [', retried through faults after each call', retried('after')],
]

for (const name of ['versitygw', 'minio', 'seaweedfs'] as GoProgram[]) {
  describe(`T3: S3 on ${name}`, () => {
    let server: S3Server
    before(async () => {
      server = await startS3(name)
    })
    after(() => server?.stop())
    for (const [suffix, wrap] of wraps) {
      targetContract(
        `s3 on ${name}${suffix}`,
        async () => {
          const { endpoint, region, accessKeyId, secretAccessKey } = server
          const credentials = { accessKeyId, secretAccessKey }
          const bucket = `holdfast-${randomUUID()}`
          const admin = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
          await admin.send(new CreateBucketCommand({ Bucket: bucket }))
          admin.destroy()
          const another = async () =>
            wrap(
              openS3Target({ endpoint, region, bucket, credentials, prefix: 'objects', policy: { allowLocal: true }, clock: systemClock }),
            )
          const target = await another()
          return { target, another, dispose: async () => target[Symbol.asyncDispose]() }
        },
        {
          partBytes: 5 * 2 ** 20,
          runs: 8,
          // versitygw takes a name of more than some 220 bytes once, and refuses to replace it.
          longestSegment: name === 'versitygw' ? 220 : 255,
        },
      )
    }
  })
}
