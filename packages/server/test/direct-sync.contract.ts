import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newId } from '../src/core/ids.ts'
import { holdService } from '../src/services/holds/holds.ts'
import { purgeObjectJob } from '../src/services/ingest/job-kinds.ts'
import { StorageError } from '../src/storage/target.ts'
import type { Places } from './database-places.ts'
import { type DirectRoom, openRoom } from './direct-room.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const entriesOf = async (room: DirectRoom, action: string) =>
  (await room.store.read.audit.list(room.caller.tenantId, { action }, { limit: 1000 })).map((entry) => ({
    ...entry,
    details: JSON.parse(entry.details),
  }))
const counts = (sync: Awaited<ReturnType<DirectRoom['sync']>>) => ({
  status: sync.status,
  added: sync.added.count,
  removed: sync.removed.count,
  changed: sync.changed.count,
  missing: sync.missing.count,
  skipped: sync.skipped.count,
  unchanged: sync.unchanged,
})
const nothing = { status: 'done', added: 0, removed: 0, changed: 0, missing: 0, skipped: 0, unchanged: 0 }
const live = (rows: Awaited<ReturnType<DirectRoom['rows']>>) => rows.filter((row) => row.deletedAt === null)

/** What Sync promises, on one database. */
export function syncContract(places: Places): void {
  suite(`Sync on ${places.name}`, () => {
    scopes(places)
    changes(places)
    brakes(places)
    faults(places)
  })
}

function scopes(places: Places): void {
  test('D13: what others put into a folder is found in exactly that folder, and is in the list as discovered', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const inItem = room.scope(room.item.id)
    await room.put(`${room.scope()}report.pdf`, text('report'))
    await room.put(`${room.scope()}%.hf-odd`, text('odd'))
    await room.put(`${room.scope()}stray/deep.txt`, text('deep'))
    await room.put(`${inItem}disk.dd`, text('disk image'))
    await room.put(`${room.scope().slice(0, -1)}-other/x`, text('of another case'))
    const sync = await room.sync()
    assert.deepEqual(counts(sync), { ...nothing, added: 2, skipped: 1 })
    assert.deepEqual(
      sync.skipped.examples.map((one) => one.name),
      ['stray'],
    )
    assert.equal(sync.added.bytes, 9)
    const [first, second] = (await room.rows()).sort((a, b) => (a.objectKey < b.objectKey ? -1 : 1))
    assert.equal(first?.name, '.hf-odd')
    assert.deepEqual(
      [second?.name, second?.size, second?.status, second?.tier, second?.hashState, second?.sha256, second?.uploadedBy, second?.discovered],
      ['report.pdf', 6, 'READY', 'direct', 'none', null, '', true],
    )
    assert.deepEqual([second?.itemId, second?.targetId, await room.usedBytes()], [null, room.targetId, 9])
    assert.deepEqual(counts(await room.sync({ itemId: room.item.id })), { ...nothing, added: 1 })
    assert.deepEqual(counts(await room.sync()), { ...nothing, skipped: 1, unchanged: 2 })
    const [entry] = (await entriesOf(room, 'DIRECT_SYNC')).toReversed()
    assert.deepEqual([entry?.caseId, entry?.itemId, entry?.actor.name, entry?.result], [room.caseId, null, 'Command line', 'ok'])
    assert.deepEqual(
      { ...entry?.details, names: entry?.details.names.added },
      {
        ...{ syncId: sync.id, targetId: room.targetId, outcome: 'done', error: null, allowRemovals: false },
        ...{ added: 2, removed: 0, unchanged: 0, changed: 0, missing: 0, skipped: 1, names: ['.hf-odd', 'report.pdf'] },
      },
    )
  })

  test('D13 R2: rows on another target, of other tiers and of other scopes are not touched', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const builtin = await room.store.read.targets.findBuiltin(room.caller.tenantId)
    await room.file(`${room.scope()}elsewhere`, { targetId: builtin?.id ?? '' })
    await room.file(`${room.scope()}sealed`, { tier: 'secure' })
    await room.file(`${room.scope(room.item.id)}in-item`)
    const before = await room.rows()
    assert.deepEqual(counts(await room.sync()), nothing)
    assert.deepEqual(await room.rows(), before)
  })

  test('D13 R4: without a bound target, for what is another tenant’s, and twice at once there is no Sync', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    await assert.rejects(room.start({ itemId: newId() }), { code: 'NOT_FOUND' })
    const first = await room.start()
    await assert.rejects(room.start({ mode: 'preview' }), { code: 'CONFLICT' })
    await room.start({ itemId: room.item.id })
    await room.run(first)
    await room.store.transaction((tx) => tx.roleBindings.unbind(room.caller.tenantId, 'direct'))
    await assert.rejects(room.start(), { code: 'CONFLICT' })
  })
}

function changes(places: Places): void {
  test('D13: a changed size or time makes the digest stale and keeps it; a mismatch stays one', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const names = ['computed', 'declared', 'none', 'mismatch', 'same']
    const hashStates = { computed: 'computed', declared: 'declared', none: 'none', mismatch: 'mismatch', same: 'computed' } as const
    for (const name of names) {
      await room.put(room.scope() + name, text(name))
      await room.file(room.scope() + name, { hashState: hashStates[name as 'same'] })
    }
    const used = await room.usedBytes()
    for (const name of names.slice(0, 4)) await room.put(room.scope() + name, text(`${name} was changed`))
    const sync = await room.sync()
    assert.deepEqual(counts(sync), { ...nothing, changed: 4, unchanged: 1 })
    const rows = new Map((await room.rows()).map((row) => [row.name, row]))
    assert.deepEqual(
      names.map((name) => rows.get(name)?.hashState),
      ['stale', 'stale', 'none', 'mismatch', 'computed'],
    )
    assert.equal(rows.get('computed')?.sha256, 'a'.repeat(64))
    assert.equal(rows.get('computed')?.size, 'computed was changed'.length)
    assert.equal(await room.usedBytes(), used + 4 * ' was changed'.length)
    const entries = await entriesOf(room, 'SHA256_INVALIDATED')
    assert.deepEqual(entries.map((entry) => entry.details.name).sort(), ['computed', 'declared'])
    assert.deepEqual([entries[0]?.details.sha256, entries[0]?.details.syncId], ['a'.repeat(64), sync.id])
    assert.deepEqual(counts(await room.sync()), { ...nothing, unchanged: 5 })
  })

  test('D13: a file whose object is gone leaves the list; its record stays, with its digest, and a new file may take its name', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const key = `${room.scope()}evidence.bin`
    await room.put(key, text('evidence'))
    const file = await room.file(key)
    room.storage.objects.delete(key)
    assert.deepEqual(counts(await room.sync({ allowRemovals: true })), { ...nothing, removed: 1 })
    assert.equal(await room.store.read.files.find(room.caller.tenantId, file.id), null)
    const tombstone = await room.store.read.files.findAny(room.caller.tenantId, file.id)
    assert.deepEqual([tombstone?.status, tombstone?.sha256, tombstone?.purgedAt !== null], ['DELETED', file.sha256, true])
    assert.equal(await room.usedBytes(), 0)
    const [entry] = await entriesOf(room, 'DELETE')
    assert.deepEqual([entry?.fileId, entry?.details.sha256, entry?.details.kind], [file.id, file.sha256, 'file'])
    await room.put(key, text('again'))
    assert.deepEqual(counts(await room.sync()), { ...nothing, added: 1 })
    assert.deepEqual(
      live(await room.rows()).map((row) => [row.objectKey, row.discovered]),
      [[key, true]],
    )
  })

  test('D13 O10: under a hold a file whose object is gone stays, as missing, until it is back or the hold is released', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const key = `${room.scope()}held.bin`
    await room.put(key, text('held'))
    const file = await room.file(key)
    const held = room.storage.objects.get(key)
    const holds = holdService(room)
    const hold = await holds.place(room.caller, { fileId: file.id, reason: 'Trial' })
    room.storage.objects.delete(key)
    for (let times = 0; times < 2; times += 1) assert.deepEqual(counts(await room.sync()), { ...nothing, missing: 1 })
    assert.notEqual((await room.rows())[0]?.missingAt, null)
    assert.deepEqual(counts(await room.sync({ mode: 'preview' })), { ...nothing, missing: 1 })
    if (held) room.storage.objects.set(key, held)
    assert.deepEqual(counts(await room.sync()), { ...nothing, changed: 1 })
    assert.deepEqual([(await room.rows())[0]?.missingAt, (await room.rows())[0]?.hashState], [null, 'computed'])
    room.storage.objects.delete(key)
    await room.sync()
    await holds.release(room.caller, hold.id, { reason: 'Over' })
    assert.equal((await room.sync()).status, 'stopped')
    assert.deepEqual(counts(await room.sync({ allowRemovals: true })), { ...nothing, removed: 1 })
  })

  test('D13: uploads in flight and what is on its way out are left alone, with the objects that they have', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    for (const status of ['PENDING_UPLOAD', 'SCANNING', 'DELETED', 'FAILED'] as const) {
      await room.put(room.scope() + status, text(status))
      const file = await room.file(room.scope() + status, { status, ...(status === 'DELETED' ? { deletedAt: 1 } : {}) })
      if (status === 'DELETED') await room.store.transaction((tx) => tx.jobs.enqueue(purgeObjectJob({ ...file, fileId: file.id })))
      await room.file(`${room.scope()}${status} without an object`, { status })
    }
    await room.target.beginWrite(`${room.scope()}unfinished`, 5)
    const before = await room.rows()
    assert.deepEqual(counts(await room.sync({ allowRemovals: true })), { ...nothing, skipped: 4 })
    assert.deepEqual(await room.rows(), before)
  })

  test('D13 R5: a copy that is being made, and what a move has left behind, are not discovered', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const { tenantId } = room.caller
    const builtin = (await room.store.read.targets.findBuiltin(tenantId))?.id ?? ''
    for (const name of ['copying', 'left']) {
      await room.put(room.scope() + name, text(name))
      const file = await room.file(room.scope() + name, { targetId: builtin })
      const ends =
        name === 'copying' ? { fromTargetId: builtin, toTargetId: room.targetId } : { fromTargetId: room.targetId, toTargetId: builtin }
      const move = { id: newId(), tenantId, migrationId: null, fileId: file.id, objectKey: file.objectKey, ...ends, bytes: 4, createdAt: 1 }
      await room.store.transaction(async (tx) => {
        await tx.moves.insert(move)
        if (name === 'left') await tx.moves.end(move.id, { status: 'moved', sha256: 'b', error: null, at: 1 })
      })
    }
    for (const mode of ['preview', 'apply'] as const) assert.deepEqual(counts(await room.sync({ mode })), { ...nothing, skipped: 2 })
    for (const move of await room.store.read.moves.pageToPurge('', 10))
      await room.store.transaction((tx) => tx.moves.markPurged(move.id, 2))
    assert.deepEqual(counts(await room.sync()), { ...nothing, added: 1, skipped: 1 })
  })

  test('D13: a file that became ready while the scope was listed is not taken for gone', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const sync = await room.start()
    room.clock.advance(1000)
    await room.put(`${room.scope()}late`, text('late'))
    await room.file(`${room.scope()}late`)
    const { target } = room
    room.target = { ...target, async *listFolder() {} }
    assert.deepEqual(counts(await room.run(sync)), nothing)
    room.clock.advance(1000)
    // And what a listing leaves out although it is there stays, too.
    assert.deepEqual(counts(await room.sync({ allowRemovals: true })), { ...nothing, skipped: 1 })
    assert.equal(live(await room.rows()).length, 1)
  })
}

function brakes(places: Places): void {
  test('D13: where more than half of a scope would vanish Sync stops before it changes anything, unless that is allowed', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    for (let index = 0; index < 9; index += 1) {
      await room.put(`${room.scope()}${index}`, text('x'))
      await room.file(`${room.scope()}${index}`)
    }
    for (let index = 0; index < 5; index += 1) room.storage.objects.delete(`${room.scope()}${index}`)
    await room.put(`${room.scope()}new`, text('new'))
    const before = await room.rows()
    const preview = await room.sync({ mode: 'preview' })
    assert.deepEqual(counts(preview), { ...nothing, status: 'stopped', added: 1, removed: 5, unchanged: 4 })
    const stopped = await room.sync()
    assert.deepEqual(counts(stopped), { ...nothing, status: 'stopped' })
    assert.match(stopped.error ?? '', /5 of the 9 files .* wrong mount/)
    assert.deepEqual(await room.rows(), before)
    const [entry] = await entriesOf(room, 'DIRECT_SYNC')
    assert.deepEqual([entry?.result, entry?.details.outcome], ['failed', 'stopped'])
    assert.deepEqual(counts(await room.sync({ allowRemovals: true })), { ...nothing, added: 1, removed: 5, unchanged: 4 })
    room.storage.objects.delete(`${room.scope()}5`)
    room.storage.objects.delete(`${room.scope()}6`)
    assert.deepEqual(counts(await room.sync()), { ...nothing, removed: 2, unchanged: 3 }, 'less than half goes without a word')
  })

  test('D13: in a small scope, too, more than half asks and half does not; what a hold keeps in the list does not count', async () => {
    for (const [known, gone, status] of [
      [1, 1, 'stopped'],
      [2, 1, 'done'],
      [3, 2, 'stopped'],
      [3, 1, 'done'],
      [4, 2, 'done'],
    ] as const) {
      await using place = await places.create()
      const room = await openRoom(place)
      for (let index = 0; index < known; index += 1) {
        await room.put(`${room.scope()}${index}`, text('x'))
        await room.file(`${room.scope()}${index}`)
      }
      for (let index = 0; index < gone; index += 1) room.storage.objects.delete(`${room.scope()}${index}`)
      const sync = await room.sync()
      assert.deepEqual([sync.status, sync.removed.count], [status, status === 'done' ? gone : 0], `${gone} of ${known}`)
      if (status === 'done') continue
      const hold = await holdService(room).place(room.caller, { caseId: room.caseId, reason: 'Trial' })
      assert.deepEqual(counts(await room.sync()), { ...nothing, missing: gone, unchanged: known - gone })
      await holdService(room).release(room.caller, hold.id, { reason: 'Over' })
      assert.equal((await room.sync()).status, 'stopped')
    }
  })

  test('D13: a preview tells what apply does, and changes nothing', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    for (const name of ['stays', 'grows', 'goes', 'stays too']) {
      await room.put(room.scope() + name, text(name))
      await room.file(room.scope() + name)
    }
    room.storage.objects.delete(`${room.scope()}goes`)
    await room.put(`${room.scope()}grows`, text('grows and grows'))
    await room.put(`${room.scope()}comes`, text('comes'))
    const before = [
      await room.rows(),
      await room.usedBytes(),
      (await room.store.read.audit.list(room.caller.tenantId, {}, { limit: 1000 })).length,
    ]
    const preview = await room.sync({ mode: 'preview' })
    const after = [
      await room.rows(),
      await room.usedBytes(),
      (await room.store.read.audit.list(room.caller.tenantId, {}, { limit: 1000 })).length,
    ]
    assert.deepEqual(after, before)
    assert.deepEqual(counts(preview), { ...nothing, added: 1, removed: 1, changed: 1, unchanged: 2 })
    assert.deepEqual(counts(await room.sync()), counts(preview))
    assert.equal(await room.store.read.syncObjects.nextSync(''), null, 'nothing that was found is left')
  })
}

function faults(places: Places): void {
  test('D13: a listing that breaks off removes nothing, says why, and the next Sync is as if it had not been', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    for (let index = 0; index < 6; index += 1) {
      await room.put(`${room.scope()}${index}`, text('x'))
      await room.file(`${room.scope()}${index}`)
    }
    room.storage.objects.delete(`${room.scope()}0`)
    const before = await room.rows()
    const { target } = room
    room.target = {
      ...target,
      async *listFolder(...call) {
        for await (const entry of target.listFolder(...call)) {
          yield entry
          throw new StorageError('unavailable', 'The connection broke')
        }
      },
    }
    const failed = await room.sync({ allowRemovals: true })
    assert.deepEqual(counts(failed), { ...nothing, status: 'failed' })
    assert.match(failed.error ?? '', /could not be read to the end: The connection broke/)
    assert.deepEqual(await room.rows(), before)
    room.target = target
    assert.deepEqual(counts(await room.sync()), { ...nothing, removed: 1, unchanged: 5 })
  })

  test('D13: an attempt that was broken off anywhere is taken up, and the report counts each file once', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const total = 2500
    for (let index = 0; index < total; index += 1) await room.put(`${room.scope()}${index}`, text('x'))
    for (let index = 0; index < 10; index += 1) await room.file(`${room.scope()}gone ${index}`)
    for (let index = 0; index < 5; index += 1) await room.file(`${room.scope()}${index}`)
    for (let index = 0; index < 20; index += 1) {
      await room.put(`${room.scope()}kept ${index}`, text('x'))
      await room.file(`${room.scope()}kept ${index}`)
    }
    const sync = await room.start()
    const { transaction } = room.store
    let failures = 0
    for (let limit = 1; ; limit += 1) {
      let left = limit
      const store = {
        ...room.store,
        transaction: async <T>(work: Parameters<typeof transaction<T>>[0]): Promise<T> => {
          left -= 1
          if (left < 0) throw new Error('The process ended')
          return transaction(work)
        },
      }
      try {
        await runSyncWith(room, { ...room.deps, store }, sync.id)
        break
      } catch (error) {
        assert.equal((error as Error).message, 'The process ended')
        failures += 1
      }
    }
    assert.ok(failures > 4)
    const ended = await room.run(sync)
    assert.deepEqual(counts(ended), { ...nothing, added: total - 5, removed: 10, unchanged: 25 })
    assert.equal(ended.listed, total + 20)
    assert.equal((await entriesOf(room, 'DIRECT_SYNC')).length, 1)
    assert.equal((await entriesOf(room, 'DELETE')).length, 10)
    assert.equal(await room.usedBytes(), total + 20)
    assert.equal(live(await room.rows()).length, total + 20)
  })

  test('D13: a Sync that is cancelled stops at once, keeps what it did and says so', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    for (let index = 0; index < 3000; index += 1) await room.put(`${room.scope()}${index}`, text('x'))
    const sync = await room.start()
    const { syncService } = await import('../src/services/direct/sync/syncs.ts')
    let steps = 0
    const cancelled = await room.run(sync, {
      async progress() {
        steps += 1
        if (steps === 5) await syncService(room.deps).cancel(room.caller, sync.id)
      },
    })
    assert.equal(cancelled.status, 'cancelled')
    assert.ok(cancelled.added.count > 0 && cancelled.added.count < 3000)
    assert.equal(live(await room.rows()).length, cancelled.added.count)
    const [entry] = await entriesOf(room, 'DIRECT_SYNC')
    assert.deepEqual([entry?.details.outcome, entry?.details.added], ['cancelled', cancelled.added.count])
    assert.deepEqual(counts(await room.sync()), { ...nothing, added: 3000 - cancelled.added.count, unchanged: cancelled.added.count })
  })

  test('D13: one Sync of a scope runs at a time, and one that has ended holds up none, whatever its job still tidies up', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const first = await room.start()
    await assert.rejects(room.start(), { code: 'CONFLICT' })
    await runSyncWith(room, room.deps, first.id)
    assert.ok(await room.store.read.jobs.isActive(`sync-scope:${first.id}`), 'no worker has ended its job')
    const second = await room.start()
    assert.deepEqual([second.status, second.id === first.id], ['running', false])
  })
  test('D13: the sweep ends a Sync that no job goes on with, and forgets what it found', async () => {
    await using place = await places.create()
    const room = await openRoom(place)
    const { sweepSyncs, syncService } = await import('../src/services/direct/sync/syncs.ts')
    const sync = await room.start()
    await room.store.transaction((tx) => tx.syncObjects.add(sync.id, [found(room, 'a')]))
    await sweepSyncs(room.deps)
    assert.equal((await syncService(room.deps).get(room.caller, sync.id)).status, 'running', 'its job is queued')
    const job = await room.store.read.jobs.findActive(`sync-scope:${sync.id}`)
    await room.store.transaction((tx) => tx.jobs.cancel(room.caller.tenantId, job?.id ?? ''))
    await sweepSyncs(room.deps)
    assert.equal((await syncService(room.deps).get(room.caller, sync.id)).status, 'failed')
    assert.equal(await room.store.read.syncObjects.nextSync(''), null)
  })
}

const found = (room: DirectRoom, name: string) => ({
  ...{ key: room.scope() + name, name, size: 1, modifiedAt: 1, etag: null },
})

async function runSyncWith(room: DirectRoom, deps: DirectRoom['deps'], syncId: string): Promise<void> {
  const { runSync } = await import('../src/services/direct/sync/run-sync.ts')
  await runSync(deps, { tenantId: room.caller.tenantId, syncId }, { signal: new AbortController().signal, progress: async () => {} })
}
