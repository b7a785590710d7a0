import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { checkInstance } from '../src/check-instance.ts'
import { type Place, postgresPlaces } from './database-places.ts'
import { asked, type Evidence, evidenceOf, quarantineCleared, record } from './evidence-kit.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'

// What could differ from SQLite: constraints by which requests at the same time find each other, and the statements themselves.

const places = postgresPlaces()
let place: Place
let world: FileWorld
let evidence: Evidence
before(async () => {
  place = await places.create()
  world = await openFileWorld({ databaseUrl: place.address ?? '' })
  evidence = evidenceOf(world.api)
})
after(async () => {
  await world?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
  await places.end()
})

test('C2 N1: on PostgreSQL the contract holds from its intent to its events, and many requests at once make one of each', async () => {
  const bytes = randomBytes(300_000)
  const create = asked(bytes, { contentType: 'application/octet-stream' })
  const key = randomUUID()
  const made = await Promise.all(Array.from({ length: 6 }, () => evidence.intend(create, key)))
  assert.deepEqual(made.map(({ status }) => status).toSorted(), [200, 200, 200, 200, 200, 201])
  const [first] = made.map(({ body }) => body)
  assert.ok(first)
  assert.deepEqual(new Set(made.map(({ body }) => body.asset.id)).size, 1)
  assert.equal((await evidence.put(first, bytes)).status, 204)
  const done = await Promise.all([evidence.complete(first.intent.id, sha256(bytes)), evidence.complete(first.intent.id)])
  assert.deepEqual(
    done.map(({ status }) => status),
    [200, 200],
  )
  const { id, status } = await evidence.settled(first.asset.id)
  assert.equal(status, 'verified')
  const links = await Promise.all(Array.from({ length: 6 }, () => evidence.link(id, record)))
  assert.equal(new Set(links.map(({ body }) => body.id)).size, 1)
  assert.deepEqual(links.map((link) => link.status).toSorted(), [200, 200, 200, 200, 200, 201])
  assert.equal((await evidence.verify(id)).body.ok, true)
  const events = await evidenceOf(world.tenant.api.admin).events(id)
  assert.equal(events.body.items.filter(({ kind }) => kind === 'link').length, 1)
  assert.equal((await evidence.archive(id)).body.status, 'archived')
  const report = await world.api.call<{ groups: { status: string; assets: number; bytes: number }[] }>('GET', '/evidence/report')
  assert.deepEqual(
    report.body.groups.map((group) => [group.status, group.assets, group.bytes]),
    [['archived', 1, bytes.length]],
  )
  await quarantineCleared(world, id)
  assert.equal((await evidence.remove(id)).status, 204)
  assert.deepEqual((await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings, [])
})
