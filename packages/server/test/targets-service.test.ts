import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Problem } from '@holdfast/api'
import fc from 'fast-check'
import { systemActor } from '../src/core/actor.ts'
import { DatabaseConflict } from '../src/db/database.ts'
import type { Store } from '../src/db/store.ts'
import { createTenant } from '../src/services/setup.ts'
import { migrated, type Place, type Places, postgresPlaces, sqlitePlaces, storeOn } from './database-places.ts'

/** One life of some bytes at a target. */
type Life = { readonly bytes: number; readonly end: 'reserved' | 'released' | 'settled' | 'freed' }

const life: fc.Arbitrary<Life> = fc.record({
  bytes: fc.integer({ min: 0, max: 60 }),
  end: fc.constantFrom('reserved' as const, 'released' as const, 'settled' as const, 'freed' as const),
})

for (const places of [sqlitePlaces(), postgresPlaces()]) describe(places.name, () => suite(places))

function suite(places: Places): void {
  let place: Place
  let store: Store
  before(async () => {
    place = await places.create()
    store = storeOn(await migrated(place))
  })
  after(async () => {
    await place[Symbol.asyncDispose]()
    await places.end()
  })

  let tenants = 0
  async function makeTarget(quotaBytes: number | null): Promise<{ tenantId: string; id: string }> {
    tenants += 1
    const tenant = { slug: `tenant-${tenants}`, name: 'T' }
    return store.transaction(async (tx) => {
      const { id: tenantId } = await createTenant(tx, tenant, { actor: systemActor, requestId: null, at: tenants })
      const [row] = await tx.targets.list(tenantId, { limit: 1, after: null })
      assert.ok(row)
      await tx.targets.update({ ...row, quotaBytes, version: 2 })
      return { tenantId, id: row.id }
    })
  }
  const usage = async (target: { tenantId: string; id: string }) => {
    const row = await store.read.targets.find(target.tenantId, target.id)
    return { used: row?.usedBytes ?? -1, reserved: row?.reservedBytes ?? -1 }
  }

  /** Lives a life, each step in a transaction of its own; false where the quota has no room. */
  async function live(id: string, { bytes, end }: Life): Promise<boolean> {
    try {
      await store.transaction((tx) => tx.targets.reserve(id, bytes))
    } catch (error) {
      if (error instanceof Problem && error.code === 'QUOTA_FULL') return false
      throw error
    }
    if (end === 'released') await store.transaction((tx) => tx.targets.release(id, bytes))
    if (end === 'settled' || end === 'freed') {
      await store.transaction((tx) => tx.targets.settle(id, { reservedBytes: bytes, usedBytes: bytes }))
    }
    if (end === 'freed') await store.transaction((tx) => tx.targets.free(id, bytes))
    return true
  }

  test('T8: at any time and for any lives of files at once, no byte is lost, counted twice, or taken beyond the quota', async () => {
    const quota = 100
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 10 }), async (lives) => {
        const target = await makeTarget(quota)
        let over = false
        const watch = async () => {
          const { used, reserved } = await usage(target)
          over ||= used + reserved > quota || used < 0 || reserved < 0
        }
        const lived = await Promise.all(lives.map(async (one) => [one, await live(target.id, one), await watch()] as const))
        const sum = (end: Life['end']) => lived.reduce((total, [one, fits]) => total + (fits && one.end === end ? one.bytes : 0), 0)
        assert.equal(over, false)
        assert.deepEqual(await usage(target), { used: sum('settled'), reserved: sum('reserved') })
      }),
      { numRuns: 15 },
    )
  })

  test('T8: two uploads can not both take the last bytes', async () => {
    const target = await makeTarget(100)
    const took = await Promise.all(Array.from({ length: 8 }, () => live(target.id, { bytes: 60, end: 'reserved' })))
    assert.equal(took.filter(Boolean).length, 1)
    assert.deepEqual(await usage(target), { used: 0, reserved: 60 })
  })

  test('T8: a full target tells its name, what is used, the quota and what is needed; nothing is reserved', async () => {
    const target = await makeTarget(100)
    await live(target.id, { bytes: 30, end: 'settled' })
    await live(target.id, { bytes: 20, end: 'reserved' })
    const error = await store.transaction((tx) => tx.targets.reserve(target.id, 51)).catch((failure: unknown) => failure)
    assert.ok(error instanceof Problem)
    assert.equal(error.code, 'QUOTA_FULL')
    assert.deepEqual(error.extra, { targetId: target.id, usedBytes: 50, quotaBytes: 100, neededBytes: 51 })
    for (const words of ['Local', '50 bytes', '100 bytes', '51 bytes']) assert.ok(error.message.includes(words), words)
    assert.deepEqual(await usage(target), { used: 30, reserved: 20 })
    assert.equal(await live(target.id, { bytes: 50, end: 'reserved' }), true)
  })

  test('T8: without a quota there is room for the largest file; with a quota of zero for an empty one alone', async () => {
    const open = await makeTarget(null)
    assert.equal(await live(open.id, { bytes: 2 ** 42, end: 'settled' }), true)
    assert.deepEqual(await usage(open), { used: 2 ** 42, reserved: 0 })
    const closed = await makeTarget(0)
    assert.equal(await live(closed.id, { bytes: 1, end: 'reserved' }), false)
    assert.equal(await live(closed.id, { bytes: 0, end: 'settled' }), true)
  })

  test('T8: giving back more than was taken fails with the whole transaction', async () => {
    const target = await makeTarget(100)
    await live(target.id, { bytes: 10, end: 'settled' })
    const wrong = [
      () => store.transaction((tx) => tx.targets.free(target.id, 11)),
      () => store.transaction((tx) => tx.targets.release(target.id, 1)),
      () => store.transaction((tx) => tx.targets.settle(target.id, { reservedBytes: 1, usedBytes: 1 })),
    ]
    for (const attempt of wrong) await assert.rejects(attempt, DatabaseConflict)
    assert.deepEqual(await usage(target), { used: 10, reserved: 0 })
  })

  test('T9: a removed target takes nothing new, and still gives back what is deleted', async () => {
    const target = await makeTarget(null)
    await live(target.id, { bytes: 10, end: 'settled' })
    await store.transaction((tx) => tx.targets.remove(target.tenantId, target.id, 1))
    await assert.rejects(
      store.transaction((tx) => tx.targets.reserve(target.id, 1)),
      { code: 'TARGET_REMOVED' },
    )
    await store.transaction((tx) => tx.targets.free(target.id, 10))
    assert.deepEqual(await usage(target), { used: 0, reserved: 0 })
  })

  test('T7: a pass by use is noted at most once in its interval, and a failed test does not count as a pass', async () => {
    const target = await makeTarget(null)
    const find = async () => store.read.targets.find(target.tenantId, target.id)
    const pass = (at: number) => store.transaction((tx) => tx.targets.notePass(target.id, { at, notAfter: at - 60 }))
    await pass(1000)
    await pass(1030)
    assert.equal((await find())?.lastPassAt, 1000)
    await pass(1100)
    assert.equal((await find())?.lastPassAt, 1100)
    await store.transaction((tx) => tx.targets.noteTest(target.id, { at: 1200, ok: false }))
    const failed = await find()
    assert.deepEqual([failed?.lastPassAt, failed?.lastTestAt, failed?.lastTestOk], [1100, 1200, false])
  })
}
