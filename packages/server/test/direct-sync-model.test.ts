import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryPlaces } from './database-places.ts'
import { type DirectRoom, openRoom } from './direct-room.ts'

const names = ['a', 'b.txt', 'c (2).txt', 'ü', 'z', '0', 'Z', 'report.pdf']
/** What people, and others behind our back, do to one folder. */
const operations = fc.array(
  fc.record({
    does: fc.constantFrom('put', 'remove', 'upload', 'sync', 'preview', 'sync of the item'),
    name: fc.constantFrom(...names),
    inItem: fc.boolean(),
    size: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 1, maxLength: 40 },
)
type Operation = ReturnType<typeof operations.generate>['value'][number]

const live = async (room: DirectRoom) => (await room.rows()).filter((row) => row.deletedAt === null)
const snapshot = async (room: DirectRoom) =>
  JSON.stringify([
    await room.rows(),
    await room.usedBytes(),
    (await room.store.read.audit.list(room.caller.tenantId, {}, { limit: 10_000 })).length,
  ])

async function perform(room: DirectRoom, { does, name, inItem, size }: Operation): Promise<void> {
  const key = room.scope(inItem ? room.item.id : null) + name
  const taken = (await live(room)).some((row) => row.objectKey === key)
  if (does === 'put') await room.put(key, new Uint8Array(size))
  if (does === 'remove') room.storage.objects.delete(key)
  if (does === 'upload' && !taken) {
    await room.put(key, new Uint8Array(size))
    await room.file(key)
  }
  if (does === 'sync') await room.sync({ allowRemovals: true })
  if (does === 'sync of the item') await room.sync({ itemId: room.item.id, allowRemovals: true })
  if (does === 'preview') {
    const before = await snapshot(room)
    await room.sync({ mode: 'preview' })
    assert.equal(await snapshot(room), before, 'a preview changes nothing')
  }
}

/** After a Sync the list of a scope is what lies there, byte for byte of size, and the target's usage is the sum. */
async function agree(room: DirectRoom, itemId: string | null): Promise<void> {
  const prefix = room.scope(itemId)
  const stored = [...room.storage.objects].filter(([key]) => key.startsWith(prefix) && !key.slice(prefix.length).includes('/'))
  const rows = (await live(room)).filter((row) => row.itemId === itemId)
  assert.deepEqual(
    rows.map((row) => [row.objectKey, row.size, row.objectEtag]).sort(),
    stored.map(([key, held]) => [key, held.bytes.length, held.etag]).sort(),
  )
  const bytes = (await live(room)).reduce((sum, row) => sum + row.objectSize, 0)
  assert.equal(await room.usedBytes(), bytes)
}

test('D13: whatever happens to a folder, after Sync the list is what lies there, and the next Sync finds all unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(operations, async (all) => {
      await using place = await memoryPlaces.create()
      const room = await openRoom(place)
      for (const operation of all) await perform(room, operation)
      for (const itemId of [null, room.item.id]) {
        const scope = itemId === null ? {} : { itemId }
        const foreseen = await room.sync({ mode: 'preview', ...scope })
        const others = JSON.stringify((await room.rows()).filter((row) => row.itemId !== itemId))
        const done = await room.sync({ allowRemovals: true, ...scope })
        for (const group of ['added', 'removed', 'changed', 'missing', 'skipped'] as const) {
          assert.deepEqual([done[group].count, done[group].bytes], [foreseen[group].count, foreseen[group].bytes], group)
        }
        assert.equal(JSON.stringify((await room.rows()).filter((row) => row.itemId !== itemId)), others, 'other scopes are left alone')
        await agree(room, itemId)
        const again = await room.sync(scope)
        const changes = [again.added, again.removed, again.changed, again.missing, again.skipped].map((group) => group.count)
        assert.deepEqual([again.status, changes, again.unchanged], ['done', [0, 0, 0, 0, 0], done.listed])
      }
    }),
    { numRuns: 60 },
  )
})
