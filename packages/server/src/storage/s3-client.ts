import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Clock } from '../core/clock.ts'
import { checkLiteralHost, type EndpointPolicy, guardedLookup } from './endpoint-guard.ts'

export type S3ClientOptions = {
  /** '' for AWS, else the URL of an S3 server. */
  readonly endpoint: string
  readonly region: string
  /** Null: the IAM role of this server. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  readonly verifyCertificate: boolean
  /** Milliseconds of silence after which a request has failed. */
  readonly timeout: number
  readonly policy: EndpointPolicy
  readonly clock: Clock
}

const SOCKETS = 64

/**
 * The SDK's client, bound to what Holdfast needs: no retries of its own (`wrap.ts` does them), no checksums that servers other than
 * AWS refuse, sockets that never connect to this host or a metadata service. Throws 'denied' where the endpoint is such an address.
 */
export function createS3Client(options: S3ClientOptions): S3Client {
  const { endpoint, region, credentials, verifyCertificate, timeout, policy, clock } = options
  const isAws = endpoint === ''
  if (!isAws) checkLiteralHost(new URL(endpoint).hostname, policy)
  const agent = { keepAlive: true, maxSockets: SOCKETS, lookup: guardedLookup(policy) as never, noDelay: true }
  return new S3Client({
    region,
    ...(isAws
      ? {}
      : { endpoint, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }),
    ...(credentials ? { credentials: { ...credentials } } : {}),
    maxAttempts: 1,
    systemClockOffset: clock.now() - Date.now(),
    requestHandler: new NodeHttpHandler({
      connectionTimeout: timeout,
      socketTimeout: timeout,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, rejectUnauthorized: verifyCertificate }),
    }),
    // Its own logger would write of requests; nothing of them belongs in a log.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
}
