import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createClient, type UploadRequest, type UploadSource } from '@holdfast/client'
import { fileSource } from '@holdfast/client/node'
import { type BucketFault, startBucketServer } from './bucket-server.ts'
import { caseId, createWorld, type Fault, type Operation, startProtocolServer, type World } from './protocol-server.ts'
import { assertStored, named, plant, tuning, upload } from './upload-run.ts'

const destination = { caseId, tier: 'direct' as const }

async function startPair(settings: Partial<World['settings']> = {}) {
  const bucket = await startBucketServer()
  const server = await startProtocolServer(createWorld(settings))
  server.world.bucket = bucket
  const plantThere = (fault: BucketFault, times = 1) => void bucket.faults.push({ fault, times })
  const send = (source: UploadSource, options: Partial<UploadRequest> = {}) => upload(server, source, { destination, ...options })
  const close = async () => {
    await server.stop()
    await bucket.stop()
  }
  return { bucket, server, plantThere, send, [Symbol.asyncDispose]: close }
}

const receiptsTold = ({ world }: { world: World }) => world.requests.filter(({ operation }) => operation === 'receipts').length

for (const size of [0, 1, 65_536, 65_537, 1_700_001]) {
  test(`D2 D9: a Blob of ${size} bytes goes straight into the bucket, and its digest to the server`, async () => {
    await using pair = await startPair()
    const bytes = randomBytes(size)
    const { run } = pair.send(named(bytes))
    assertStored(pair.server, await run.done, bytes)
    assert.ok(pair.bucket.requests.every(({ headers }) => headers['x-amz-meta-signed'] === 'yes' && headers.authorization === undefined))
    assert.equal(pair.bucket.requests.length, Math.ceil(size / 65_536))
    assert.equal(pair.server.world.requests.filter(({ operation }) => operation === 'put').length, 0)
  })
}

test('D2: a file of this machine goes straight into the bucket', async () => {
  await using pair = await startPair()
  const folder = await mkdtemp(join(tmpdir(), 'hf-client-'))
  try {
    const bytes = randomBytes(900_001)
    await writeFile(join(folder, 'image.dd'), bytes)
    await using source = await fileSource(join(folder, 'image.dd'))
    assertStored(pair.server, await pair.send(source).run.done, bytes)
  } finally {
    await rm(folder, { recursive: true })
  }
})

const bucketFaults: [string, BucketFault][] = [
  ['a connection that is reset in the middle of a part', { kind: 'reset', afterBytes: 20_000 }],
  ['an answer that is lost', { kind: 'lose-answer' }],
  ['a bucket that stalls', { kind: 'stall' }],
  ['a bucket that closes its half', { kind: 'half-close' }],
  ['503 SlowDown', { kind: 'answer', status: 503, code: 'SlowDown', retryAfter: '0' }],
  ['429', { kind: 'answer', status: 429, code: 'TooManyRequests', retryAfter: '0' }],
  ['500 InternalError', { kind: 'answer', status: 500, code: 'InternalError' }],
  ['400 RequestTimeout', { kind: 'answer', status: 400, code: 'RequestTimeout' }],
  ['a signed request that has expired', { kind: 'expire' }],
]

for (const [what, fault] of bucketFaults) {
  test(`D2 S9: ${what} does not stop a direct upload`, async () => {
    await using pair = await startPair()
    const bytes = randomBytes(400_000)
    pair.plantThere(fault, 2)
    assertStored(pair.server, await pair.send(named(bytes)).run.done, bytes)
    assert.equal(pair.server.world.uploads.size, 1, 'one upload on the server')
    assert.equal(pair.bucket.faults[0]?.times, 0, 'the fault happened')
    const used = pair.bucket.requests.map(({ url }) => url)
    assert.equal(new Set(used).size, used.length, 'each attempt has a signature of its own')
  })
}

const serverFaults: [string, Operation, Fault][] = [
  ['the answer to a question for signed requests lost', 'part-urls', { kind: 'lose-answer' }],
  ['503 for signed requests', 'part-urls', { kind: 'answer', status: 503 }],
  ['429 for signed requests', 'part-urls', { kind: 'answer', status: 429, retryAfter: '0', code: 'TOO_MANY_UPLOADS' }],
  ['the answer to receipts lost', 'receipts', { kind: 'lose-answer' }],
  ['502 for receipts', 'receipts', { kind: 'answer', status: 502 }],
  ['parts that the server misses at completion', 'complete', { kind: 'answer', status: 409, code: 'PARTS_MISSING' }],
]

for (const [what, on, fault] of serverFaults) {
  test(`D2 D8: ${what} does not stop a direct upload`, async () => {
    await using pair = await startPair()
    const bytes = randomBytes(400_000)
    plant(pair.server, on, fault, 2)
    assertStored(pair.server, await pair.send(named(bytes)).run.done, bytes)
    assert.equal(pair.server.world.faults[0]?.times, 0, 'the fault happened')
  })
}

test('D2: a part that the bucket has lost by completion is sent again', async () => {
  await using pair = await startPair()
  const bytes = randomBytes(400_000)
  plant(pair.server, 'complete', {
    kind: 'run',
    work() {
      for (const parts of pair.bucket.uploads.values()) parts.delete(2)
    },
  })
  assertStored(pair.server, await pair.send(named(bytes)).run.done, bytes)
  assert.equal(pair.bucket.requests.length, Math.ceil(400_000 / 65_536) + 1)
})

const endings: [string, BucketFault, string, RegExp][] = [
  ['refuses every signature', { kind: 'answer', status: 403, code: 'AccessDenied' }, 'storage-blocked', /AccessDenied.*Test Direct/],
  ['finds every request expired', { kind: 'expire' }, 'storage-blocked', /clocks/],
  ['finds the time skewed', { kind: 'answer', status: 403, code: 'RequestTimeTooSkewed' }, 'storage-blocked', /clocks/],
  ['answers without an ETag', { kind: 'no-etag' }, 'storage-blocked', /ETag/],
  ['finds the part too large', { kind: 'answer', status: 400, code: 'EntityTooLarge' }, 'refused', /EntityTooLarge/],
  ['is full', { kind: 'answer', status: 507, code: 'XMinioStorageFull' }, 'refused', /XMinioStorageFull/],
]

for (const [what, fault, code, words] of endings) {
  test(`D2: a bucket that ${what} ends the upload with that reason, and without a signed URL in it`, async () => {
    await using pair = await startPair()
    pair.plantThere(fault, 1000)
    const final = await pair.send(named(randomBytes(300_000))).run.done
    assert.ok(final.phase === 'error', final.phase)
    assert.equal(final.error.code, code)
    assert.match(final.error.message, words)
    const told = JSON.stringify(final, (_, value) => (value instanceof Error ? { ...value, text: value.stack, cause: value.cause } : value))
    assert.doesNotMatch(told, /signature=/i)
  })
}

test('D2: a bucket that goes away for too long is named as the storage', async () => {
  await using pair = await startPair()
  pair.plantThere({ kind: 'reset', afterBytes: 0 }, 1000)
  const final = await pair.send(named(randomBytes(300_000)), { tuning: { ...tuning, giveUpAfterMs: 50 } }).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'unreachable' && final.error.retryable)
  assert.match(final.error.message, /storage/)
})

test('D2: where the bucket has dropped the upload, the server drops it too, and a retry begins anew', async () => {
  await using pair = await startPair()
  pair.plantThere({ kind: 'run', work: () => pair.bucket.uploads.clear() })
  const final = await pair.send(named(randomBytes(300_000))).run.done
  assert.ok(final.phase === 'error' && final.error.code === 'upload-gone' && final.error.retryable)
  assert.deepEqual(
    [...pair.server.world.uploads.values()].map(({ session }) => session.status),
    ['aborted'],
  )
})

test('S9 D2: a direct upload goes on from the parts that the server knows, after comparing them', async () => {
  await using pair = await startPair()
  const bytes = randomBytes(20 * 65_536)
  const first = pair.send(named(bytes), {
    onState(state) {
      if (state.phase === 'uploading' && state.loaded >= 8 * 65_536) first.run.abandon()
    },
  })
  const stopped = await first.run.done
  assert.ok(stopped.phase === 'error' && stopped.error.code === 'stopped')
  const uploadId = first.run.uploadId()!
  await new Promise((resolve) => setTimeout(resolve, 50))
  const known = pair.server.world.uploads.get(uploadId)!.parts.size
  assert.ok(known > 0 && known < 20)
  const before = pair.bucket.requests.length
  const other = Buffer.from(bytes)
  other[0]! ^= 1
  const refused = await pair.send(named(other), { resume: { uploadId, ifDifferent: 'stop' } }).run.done
  assert.ok(refused.phase === 'error' && refused.error.code === 'different-file')
  assert.equal(pair.bucket.requests.length, before)
  assertStored(pair.server, await pair.send(named(bytes), { resume: { uploadId, ifDifferent: 'stop' } }).run.done, bytes)
  assert.equal(pair.bucket.requests.length - before, 20 - known)
})

test('D6: a cancel of a direct upload leaves nothing in the bucket', async () => {
  await using pair = await startPair()
  const bytes = randomBytes(20 * 65_536)
  const { run } = pair.send(named(bytes), {
    onState(state) {
      if (state.phase === 'uploading' && state.loaded >= 5 * 65_536) void run.cancel()
    },
  })
  assert.deepEqual(await run.done, { phase: 'cancelled', serverCleanedUp: true })
  assert.equal(pair.bucket.uploads.size, 0)
})

test('D2: receipts go in batches, signed requests in small groups', async () => {
  await using pair = await startPair({ partSize: 4096 })
  const bytes = randomBytes(250 * 4096)
  const { run } = pair.send(named(bytes), { tuning: { ...tuning, receiptsMs: 60_000 } })
  assertStored(pair.server, await run.done, bytes)
  assert.equal(receiptsTold(pair.server), 3)
  assert.ok(pair.server.world.requests.filter(({ operation }) => operation === 'part-urls').length >= 250 / 8)
})

test('D3: direct parts through the server go the way of the secure tier', async () => {
  await using server = await startProtocolServer()
  const bytes = randomBytes(500_000)
  assertStored(server, await upload(server, named(bytes), { destination }).run.done, bytes)
  const sessions = await createClient({ baseUrl: server.url, token: 'hf_test' }).uploads.list({ caseId })
  assert.equal(sessions.items.length, 0)
})
