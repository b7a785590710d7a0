import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { systemClock } from '../src/core/clock.ts'
import { hashObject } from '../src/services/direct/hash-object.ts'
import { createDigestPool } from '../src/services/ingest/digest-pool.ts'
import { ObjectDamaged } from '../src/services/sealed/damage.ts'
import { memoryTarget } from '../src/storage/memory.ts'
import type { StorageTarget } from '../src/storage/target.ts'

const MiB = 1024 * 1024
const key = 'direct/object'

async function withObject(size: number, work: (target: StorageTarget, bytes: Buffer, read: typeof hashObject) => Promise<void>) {
  await using digests = createDigestPool(1)
  await using target = memoryTarget(systemClock)
  const bytes = randomBytes(size)
  await target.put(key, bytes)
  await work(target, bytes, (_deps, object, options) => hashObject({ digests }, object, options))
}
const quiet = { signal: new AbortController().signal, progress: async () => {} }
const none = { digests: undefined as never }

for (const size of [0, 1, 8 * MiB - 1, 8 * MiB, 8 * MiB + 1, 40 * MiB + 7]) {
  test(`D10: the digest of ${size} bytes, with progress in order`, async () => {
    await withObject(size, async (target, bytes, read) => {
      const seen: number[] = []
      const progress = async (done: { bytes: number }) => void seen.push(done.bytes)
      const digest = await read(none, { target, key, size }, { ...quiet, progress })
      assert.equal(digest, createHash('sha256').update(bytes).digest('hex'))
      assert.deepEqual(
        seen,
        [...seen].sort((a, b) => a - b),
      )
      assert.equal(seen.at(-1) ?? 0, size)
    })
  })
}

test('D10: a driver that fills the memory it is offered gives the same digest', async () => {
  await withObject(23 * MiB + 5, async (target, bytes, read) => {
    const filling: StorageTarget = {
      ...target,
      async read(at, offset, length, options) {
        options?.into?.set(await target.read(at, offset, length))
        return options!.into!.subarray(0, length)
      },
    }
    const digest = await read(none, { target: filling, key, size: bytes.length }, quiet)
    assert.equal(digest, createHash('sha256').update(bytes).digest('hex'))
  })
})

test('D10: an object that is gone or shorter is told as that; a cancelled reading ends with its reason', async () => {
  await withObject(9 * MiB, async (target, bytes, read) => {
    await assert.rejects(
      read(none, { target, key: 'direct/none', size: 5 }, quiet),
      (error) => error instanceof ObjectDamaged && error.missing,
    )
    await assert.rejects(read(none, { target, key, size: bytes.length + 1 }, quiet), ObjectDamaged)
    const cancel = new AbortController()
    const reason = new Error('enough')
    const progress = async () => cancel.abort(reason)
    await assert.rejects(read(none, { target, key, size: bytes.length }, { signal: cancel.signal, progress }), reason)
  })
})
