import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { networkSteps, type Server, tlsStep } from './connect-steps.ts'
import type { ProbeStep } from './probe-steps.ts'
import { createS3, type S3Options } from './s3.ts'
import { request } from './s3-place.ts'

function serverOf({ endpoint, bucket, region }: S3Options): Server & { tls: boolean } {
  const url = new URL(endpoint === '' ? `https://${bucket}.s3.${region}.amazonaws.com` : endpoint)
  const tls = url.protocol === 'https:'
  return { host: url.hostname, port: Number(url.port || (tls ? 443 : 80)), tls }
}

/** What Test connection does before the round trip: each way in which an S3 endpoint can be wrong fails at a step of its own. */
export function s3ConnectSteps(options: S3Options): ProbeStep[] {
  const { policy, verifyCertificate: verify = true } = options
  const server = serverOf(options)
  return [
    ...networkSteps(server, policy),
    ...(server.tls ? [tlsStep(server, { verify, policy })] : []),
    {
      name: 'Sign in to the bucket',
      async run(signal) {
        const s3 = createS3(options)
        try {
          // A listing, since its refusals come with a code that says why; the answer to HEAD has no body.
          const list = new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: s3.prefix, MaxKeys: 1 })
          await request('s3:ListBucket', { signal }, (http) => s3.client.send(list, http))
          return s3.bucket
        } finally {
          s3.client.destroy()
          s3.patient.destroy()
        }
      },
    },
  ]
}
