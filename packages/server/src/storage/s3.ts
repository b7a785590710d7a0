import { PutObjectLegalHoldCommand } from '@aws-sdk/client-s3'
import type { Clock } from '../core/clock.ts'
import type { EndpointPolicy } from './endpoint-guard.ts'
import { checkRange } from './receipts.ts'
import { createS3Client } from './s3-client.ts'
import { copyObject } from './s3-copy.ts'
import { isRefusedRequest } from './s3-errors.ts'
import { requireExactName } from './s3-names.ts'
import { deleteObject, findBelow, headObject, listFolder, listObjects, putObject, readObject, toStat } from './s3-objects.ts'
import { isFault, request, type S3, toObjectKey } from './s3-place.ts'
import { createPresign } from './s3-presign.ts'
import { abortWrite, beginWrite, commitWrite, flushWrite, listWrites, writePart } from './s3-writes.ts'
import { type CallOptions, type ObjectLock, StorageError, type StorageTarget } from './target.ts'
import { createTurns } from './turns.ts'

export type S3Options = {
  /** '' for AWS, else the URL of an S3 server. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  /** Objects lie below it; '' for the whole bucket. */
  readonly prefix?: string
  /** Null: the IAM role of this server. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** SSE-KMS under this key where given; else SSE-S3, or the bucket's default where the backend has none. */
  readonly kmsKeyId?: string | null
  readonly verifyCertificate?: boolean
  readonly policy: EndpointPolicy
  readonly clock: Clock
  /** Milliseconds of silence after which a request has failed; 30,000 where not said. */
  readonly timeout?: number
  /** Whether the bucket has Object Lock, as `probeS3` found. */
  readonly objectLock?: boolean
  /** What `probeS3` found of conditional writes; tried at the first use where not said. */
  readonly conditionalWrites?: boolean
}

/** How long the completion of an upload may be silent where no other time is asked for, in milliseconds. */
const LONGEST_SILENCE = 15 * 60_000

export function createS3(options: S3Options): S3 {
  const { endpoint, region, credentials, verifyCertificate = true, timeout = 30_000, policy, kmsKeyId, prefix = '' } = options
  const access = { endpoint, region, credentials, verifyCertificate, policy, clock: options.clock }
  return {
    client: createS3Client({ ...access, timeout }),
    patient: createS3Client({ ...access, timeout: options.timeout ?? LONGEST_SILENCE }),
    clock: options.clock,
    bucket: options.bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    timeout,
    needsMd5: options.objectLock ?? false,
    encryption: kmsKeyId ? { mode: 'kms', keyId: kmsKeyId } : { mode: 'aes256' },
    conditionalWrites: options.conditionalWrites ?? null,
    keepsBackslash: null,
  }
}

const createLock = (s3: S3): ObjectLock => ({
  async setHold(key, held, options) {
    const input = { Bucket: s3.bucket, Key: toObjectKey(s3, key), LegalHold: { Status: held ? ('ON' as const) : ('OFF' as const) } }
    try {
      await request('s3:PutObjectLegalHold', options, (http) => s3.client.send(new PutObjectLegalHoldCommand(input), http))
    } catch (error) {
      // Some backends fail with 500 where there is nothing to hold.
      if (!(isFault(error, 'unavailable') || isRefusedRequest(error)) || (await headObject(s3, key, options))) throw error
      throw new StorageError('not-found', 'There is no object to hold', { cause: error })
    }
  },
})

/**
 * A target in a bucket, which exists already. Writes are multipart uploads, so every part but the last has at least 5 MiB; bytes
 * are protected on the way by the payload hash in each request's signature. It connects with the first call. Throws 'denied' where
 * the endpoint is an address that the policy refuses.
 */
export const openS3Target = (options: S3Options): StorageTarget => openS3TargetOver(createS3(options), options)

/** As `openS3Target`, over what the calls of a target share, for who makes requests of its own beside them. */
export function openS3TargetOver(s3: S3, options: Pick<S3Options, 'objectLock'>): StorageTarget {
  let closed = false
  // Of completions of one upload at once some servers fail one, or lose the object in between.
  const inTurn = createTurns()
  const enter = (call?: CallOptions): void => {
    if (closed) throw new StorageError('closed', 'The target is closed')
    call?.signal?.throwIfAborted()
  }
  const call = async <T>(callOptions: CallOptions | undefined, work: () => Promise<T>): Promise<T> => {
    enter(callOptions)
    return work()
  }
  const onKey = <T>(key: string, callOptions: CallOptions | undefined, work: () => Promise<T>): Promise<T> =>
    call(callOptions, async () => {
      await requireExactName(s3, key, callOptions)
      return work()
    })
  const iterate = async function* <T>(items: () => AsyncIterable<T>, callOptions?: CallOptions): AsyncGenerator<T> {
    enter(callOptions)
    for await (const item of items()) {
      enter(callOptions)
      yield item
    }
  }
  return {
    kind: 's3',
    put: (key, bytes, o) => onKey(key, o, () => putObject(s3, key, bytes, o)),
    read: (key, offset, length, o) =>
      onKey(key, o, async () => {
        checkRange(offset, length)
        const bytes = o?.into && o.into.length >= length ? o.into.subarray(0, length) : new Uint8Array(length)
        await readObject(s3, key, { offset, bytes, options: o })
        return bytes
      }),
    stat: (key, o) =>
      onKey(key, o, async () => {
        const stat = await headObject(s3, key, o)
        if (stat || !o?.occupant) return stat && toStat(stat)
        return findBelow(s3, key, o)
      }),
    list: (prefix, o) => iterate(() => listObjects(s3, prefix, o), o),
    listFolder: (folder, o) => iterate(() => listFolder(s3, folder, o), o),
    delete: (key, o) => onKey(key, o, () => deleteObject(s3, key, o)),
    beginWrite: (key, size, o) => onKey(key, o, () => beginWrite(s3, key, size, o)),
    writePart: (key, id, part, o) => onKey(key, o, () => writePart(s3, { key, id }, part, o)),
    flushWrite: (key, id, o) => onKey(key, o, () => flushWrite(s3, key, id, o)),
    commitWrite: (key, id, receipts, o) => onKey(key, o, () => inTurn(id, o, () => commitWrite(s3, { key, id }, receipts, o))),
    abortWrite: (key, id, o) => onKey(key, o, () => abortWrite(s3, key, id, o)),
    listWrites: (prefix, olderThan, o) => iterate(() => listWrites(s3, prefix, { olderThan, call: o }), o),
    presign: createPresign(s3),
    serverCopy: { copy: (from, to, o) => onKey(from + to, o, () => copyObject(s3, { from, to }, o)) },
    lock: options.objectLock ? createLock(s3) : null,
    space: null,
    folders: null,
    memory: null,
    async [Symbol.asyncDispose]() {
      closed = true
      s3.client.destroy()
      s3.patient.destroy()
    },
  }
}
