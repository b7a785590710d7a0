import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { ObjectClass, PageOf, StoredObject } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { type Place, type Places, postgresPlaces, sqlitePlaces } from './database-places.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'
import { objectsOf, table } from './objects-kit.ts'

// What could differ from SQLite: two that become READY at once do not see each other there before one of them has committed.

for (const places of [sqlitePlaces(), postgresPlaces()]) describe(`replaced objects on ${places.name}`, () => suite(places))

/** As many as one server takes bytes of at a time, and fewer. */
const AT_ONCE = 18

function suite(places: Places): void {
  let place: Place
  const worlds: FileWorld[] = []
  before(async () => {
    place = await places.create()
    const databaseUrl = place.kind === 'postgres' && place.address ? place.address : null
    const first = await openFileWorld(databaseUrl === null ? {} : { databaseUrl })
    worlds.push(first)
    // Another instance on the same data, whose worker judges objects at the same time.
    if (databaseUrl !== null) worlds.push(await openFileWorld({ databaseUrl, dataDir: first.dataDir, secrets: first.secrets, keep: true }))
  })
  after(async () => {
    for (const world of worlds.toReversed()) await world[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
    await places.end()
  })

  test(`O9: of many that become READY at once on ${places.name} exactly one is current, whatever is rejected meanwhile`, async () => {
    const [world] = worlds
    assert.ok(world)
    const objects = objectsOf(world.api)
    const objectClass = `OWN_${randomUUID().slice(0, 8).toUpperCase()}`
    const body = { name: objectClass, contentTypes: ['text/csv', 'application/pdf'], maxBytes: 1 << 20, replaceable: true }
    assert.equal((await world.tenant.api.admin.call<ObjectClass>('POST', '/object-classes', { body })).status, 201)
    const whose = { objectClass, ownerEntityType: 'User', ownerEntityId: randomUUID() }
    const store = (index: number) =>
      index % 6 === 0
        ? objects.store(Buffer.from('%PDF-1.7 no'), { ...whose, contentType: 'application/pdf' })
        : objects.store(table(20 + 6 * index), whose)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => store(index)))
    const { items } = (await world.api.call<PageOf<StoredObject>>('GET', `/uploads?objectClass=${objectClass}&limit=50`)).body
    const ready = items.filter(({ status }) => status === 'READY')
    assert.deepEqual([items.length, ready.length], [AT_ONCE, (AT_ONCE * 5) / 6])
    const [current, ...more] = items.filter(({ isCurrent }) => isCurrent)
    assert.ok(current?.status === 'READY' && more.length === 0)
    for (const one of ready) {
      assert.equal(one.supersededBy === null, one.isCurrent)
      assert.equal(one.retention, one.isCurrent ? 'PERMANENT' : 'SUPERSEDED_30D')
    }
    assert.deepEqual((await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings, [])
  })
}
