import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PageOf } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { asked, type Evidence, evidenceOf, rowOf } from './evidence-kit.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { movableClock, type TestClock } from './http-world.ts'

let world: FileWorld
let clock: TestClock
let evidence: Evidence
before(async () => {
  clock = movableClock()
  world = await openFileWorld({ clock })
  evidence = evidenceOf(world.api)
})
after(() => world?.[Symbol.asyncDispose]())

const HOUR = 3_600_000
const text = (): Buffer => Buffer.from(`A receipt. ${randomUUID()}`)
const admin = () => world.tenant.api.admin
const found = async () => (await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings
const place = (key: string): string => join(world.dataDir, 'objects', key)
const isThere = (key: string): Promise<boolean> =>
  access(place(key)).then(
    () => true,
    () => false,
  )
async function sweep(): Promise<void> {
  const { store } = world.instance
  const id = await store.transaction((tx) => tx.jobs.enqueue({ kind: 'sweep-uploads', tenantId: null, payload: {} }))
  for (;;) {
    const { body } = await admin().call<PageOf<{ id: string }>>('GET', '/jobs?status=queued')
    const running = await admin().call<PageOf<{ id: string }>>('GET', '/jobs?status=running')
    if (![...body.items, ...running.body.items].some((job) => job.id === id)) return
    await sleep(10)
  }
}

test('C2: the same Idempotency-Key answers the same intent, with a fresh URL after the first has expired; another body is a conflict', async () => {
  const bytes = text()
  const key = randomUUID()
  const first = await evidence.intend(asked(bytes), key)
  clock.advance(2 * HOUR)
  assert.equal((await evidence.put(first.body, bytes)).status, 400)
  const again = await evidence.intend(asked(bytes), key)
  assert.deepEqual([first.status, again.status, first.body.replayed, again.body.replayed], [201, 200, false, true])
  assert.deepEqual([again.body.intent.id, again.body.asset.id], [first.body.intent.id, first.body.asset.id])
  assert.equal((await evidence.put(again.body, bytes)).status, 204)
  const conflict = await evidence.intend(asked(bytes, { filename: 'other.txt' }), key)
  assert.deepEqual([conflict.status, conflict.problem.code], [409, 'CONFLICT'])
  assert.equal((await evidence.complete(again.body.intent.id)).status, 200)
  const late = await evidence.intend(asked(bytes), key)
  assert.deepEqual([late.status, late.body.intent.status, late.body.upload], [200, 'completed', null])
})

test('C2: an intent that lapsed is swept with its object, and its key begins anew under the same intent: none is stuck', async () => {
  const bytes = text()
  const key = randomUUID()
  const first = (await evidence.intend(asked(bytes), key)).body
  assert.equal((await evidence.put(first, bytes)).status, 204)
  clock.advance(25 * HOUR)
  await sweep()
  assert.equal((await evidence.get(first.asset.id)).body.status, 'deleted')
  const closed = await evidence.complete(first.intent.id)
  assert.deepEqual([closed.status, closed.problem.code, closed.problem.intentStatus], [409, 'UPLOAD_CLOSED', 'expired'])
  const [second, third] = await Promise.all([evidence.intend(asked(bytes), key), evidence.intend(asked(bytes), key)])
  for (const { status, body } of [second, third]) {
    assert.deepEqual([status, body.replayed, body.intent.id, body.intent.status], [200, true, first.intent.id, 'pending'])
  }
  assert.equal(second.body.asset.id, third.body.asset.id)
  assert.notEqual(second.body.asset.id, first.asset.id)
  assert.equal((await evidence.put(second.body, bytes)).status, 204)
  assert.equal((await evidence.complete(first.intent.id, sha256(bytes))).status, 200)
  assert.equal((await evidence.settled(second.body.asset.id)).status, 'verified')
  assert.deepEqual(await found(), [])
})

test('C2: many requests at once under one Idempotency-Key make one asset', async () => {
  const bytes = text()
  const key = randomUUID()
  const made = await Promise.all(Array.from({ length: 6 }, () => evidence.intend(asked(bytes, { app: 'crowd' }), key)))
  assert.deepEqual(made.map(({ status }) => status).toSorted(), [200, 200, 200, 200, 200, 201])
  assert.equal(new Set(made.map(({ body }) => body.asset.id)).size, 1)
  const { body } = await world.api.call<PageOf<unknown>>('GET', '/evidence/assets?app=crowd')
  assert.equal(body.items.length, 1)
})

test('C2 C4: two intents for the same bytes both complete, and an upper-case checksum is the same one', async () => {
  const bytes = text()
  const upper = sha256(bytes).toUpperCase()
  const [one, two] = [await evidence.received(bytes, { checksum: upper }), await evidence.received(bytes, { checksum: upper })]
  assert.equal(one.asset.declaredChecksum, sha256(bytes))
  for (const { intent, asset } of [one, two]) {
    assert.equal((await evidence.complete(intent.id, upper)).status, 200)
    const verified = await evidence.settled(asset.id)
    assert.deepEqual([verified.status, verified.checksum], ['verified', sha256(bytes)])
    assert.equal((await evidence.complete(intent.id, upper)).status, 200, 'repeatable')
    const other = await evidence.complete(intent.id, sha256(Buffer.from('other bytes')))
    assert.deepEqual([other.status, other.problem.code], [409, 'CONFLICT'], 'not what was verified')
  }
})

test('C2 C4: bytes of another checksum fail the completion, their object is gone, and the key can be used again', async () => {
  const bytes = text()
  const key = randomUUID()
  const create = asked(bytes, { checksum: sha256(text()) })
  const made = (await evidence.intend(create, key)).body
  assert.equal((await evidence.put(made, bytes)).status, 204)
  const failed = await evidence.complete(made.intent.id)
  assert.deepEqual([failed.status, failed.problem.code], [400, 'CHECKSUM_MISMATCH'])
  const row = await rowOf(world, made.asset.id)
  assert.equal(await isThere(row.quarantineKey), false)
  assert.equal((await evidence.get(made.asset.id)).body.status, 'deleted')
  const again = await evidence.intend(create, key)
  assert.deepEqual([again.status, again.body.intent.id, again.body.upload !== null], [200, made.intent.id, true])
})

test('C2: an intent is cancelled once and for good; one that is completed is not', async () => {
  const bytes = text()
  const key = randomUUID()
  const made = (await evidence.intend(asked(bytes), key)).body
  for (let times = 0; times < 2; times += 1) {
    const { status, body } = await evidence.cancel(made.intent.id)
    assert.deepEqual([status, body.intent.status, body.asset.status], [200, 'cancelled', 'deleted'])
  }
  assert.equal((await evidence.complete(made.intent.id)).problem.code, 'UPLOAD_CLOSED')
  const again = await evidence.intend(asked(bytes), key)
  assert.deepEqual([again.status, again.body.intent.status, again.body.upload], [200, 'cancelled', null])
  const kept = await evidence.received(bytes)
  assert.equal((await evidence.complete(kept.intent.id)).status, 200)
  assert.deepEqual([(await evidence.cancel(kept.intent.id)).problem.code], ['UPLOAD_CLOSED'])
})
