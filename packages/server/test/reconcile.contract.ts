import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { File, PageOf, Reconciliation, ReconciliationFinding, ReconciliationKind, StoredObject } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import type { AuditAction } from '../src/core/audit-actions.ts'
import { newId } from '../src/core/ids.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { type Evidence, evidenceOf, quarantineCleared, rowOf } from './evidence-kit.ts'
import { type FileWorld, type FileWorldOptions, openFileWorld } from './file-world.ts'
import { bindObjects, type ObjectBackend, type ObjectPlace } from './object-backends.ts'
import { type Objects, objectsOf, table } from './objects-kit.ts'
import { movableClock, type TestClock } from './test-clock.ts'

const DAY = 24 * 3_600_000
const kinds: readonly ReconciliationKind[] = ['leftover', 'unrecorded', 'unclear', 'missing', 'returned', 'size']

/** What reconciling a target keeps to, on every backend and database. */
export function reconcileContract(backend: ObjectBackend, options: FileWorldOptions = {}): void {
  suite(`reconciliation of ${backend.name}`, () => {
    let place: ObjectPlace
    let world: FileWorld
    let clock: TestClock
    let objects: Objects
    let evidence: Evidence
    let targetId: string
    before(async () => {
      place = await backend.start()
      clock = movableClock()
      world = await openFileWorld({ clock, ...options })
      targetId = await bindObjects(world, place)
      objects = objectsOf(world.api)
      evidence = evidenceOf(world.api)
    })
    after(async () => {
      await world?.[Symbol.asyncDispose]()
      await place?.[Symbol.asyncDispose]()
    })

    const admin = () => world.tenant.api.admin
    async function at<T>(work: (target: StorageTarget) => Promise<T>): Promise<T> {
      await using lease = await world.instance.targets.lease(world.tenant.id, targetId)
      return await work(lease.target)
    }
    const put = (key: string, bytes: Uint8Array) => at((target) => target.put(key, bytes))
    const lies = (key: string) => at(async (target) => (await target.stat(key)) !== null)
    const ended = async ({ id }: { id: string }): Promise<Reconciliation> => {
      for (;;) {
        const { body } = await admin().call<Reconciliation>('GET', `/reconciliations/${id}`)
        const isFree = !(await world.instance.store.read.jobs.isActive(`reconcile-target:${targetId}`))
        if (body.status !== 'reporting' && body.status !== 'applying' && isFree) return body
        await sleep(10)
      }
    }
    const report = async (): Promise<Reconciliation> => {
      const { status, body } = await admin().call<Reconciliation>('POST', `/targets/${targetId}/reconciliations`, { body: {} })
      assert.equal(status, 201, JSON.stringify(body))
      return ended(body)
    }
    const apply = async (made: Reconciliation, body = {}): Promise<Reconciliation> => {
      const answer = await admin().call<Reconciliation>('POST', `/reconciliations/${made.id}/apply`, { body })
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      return ended(made)
    }
    const findings = async (made: Reconciliation, query = ''): Promise<ReconciliationFinding[]> => {
      const found: ReconciliationFinding[] = []
      for (let cursor = ''; ; ) {
        const path = `/reconciliations/${made.id}/findings?limit=2${query}${cursor && `&cursor=${cursor}`}`
        const { body } = await admin().call<PageOf<ReconciliationFinding>>('GET', path)
        found.push(...body.items)
        if (body.nextCursor === null) return found
        cursor = body.nextCursor
      }
    }
    const counts = (made: Reconciliation) => Object.fromEntries(kinds.map((kind) => [kind, made[kind].count]).filter(([, count]) => count))
    const told = async (action: AuditAction) => world.instance.store.read.audit.list(world.tenant.id, { action }, { limit: 100 })
    const file = async (id: string) => (await world.api.call<File>('GET', `/files/${id}`)).body
    const check = async () => (await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings

    /** An object whose file is deleted and purged, and that came back: what a URL that is still valid, or a restored disk, brings. */
    async function returned(ownerEntityId: string): Promise<StoredObject> {
      const stored = await objects.store(table(), { ownerEntityId })
      assert.equal((await world.api.call('DELETE', `/uploads/${stored.id}`)).status, 204)
      clock.advance(600_000)
      while ((await world.instance.store.read.files.findAny(world.tenant.id, stored.id))?.purgedAt === null) await sleep(10)
      await put(stored.storageKey, table())
      return stored
    }

    test('O8: where storage and records agree a report counts, and finds nothing', async () => {
      await objects.store(table())
      const asset = await evidence.store(Buffer.from('A receipt'))
      clock.advance(600_000)
      await quarantineCleared(world, asset.id)
      const made = await report()
      assert.deepEqual([made.status, made.objects, made.files, made.error], ['reported', 2, 2, null])
      assert.deepEqual([counts(made), await findings(made)], [{}, []])
      const [entry] = await told('STORAGE_RECONCILED')
      assert.equal(JSON.parse(entry?.details ?? '').reconciliationId, made.id)
    })

    test('O8: an object younger than a day, and one whose name is not ours, are reported and left alone', async () => {
      const keys = [`tenants/${world.tenant.id}/User/usr_9/${newId()}`, `tenants/${world.tenant.id}/notes.txt`]
      for (const key of keys) await put(key, table())
      const made = await report()
      assert.deepEqual(counts(made), { unclear: 2 })
      const done = await apply(made, { includeUnrecorded: true })
      assert.deepEqual([done.status, done.removed.count, done.kept.count], ['applied', 0, 0])
      for (const key of keys) {
        assert.ok(await lies(key))
        await at((target) => target.delete(key))
      }
    })

    test('O8 O6: what came back after its file was deleted is found, and removed only when that is asked for', async () => {
      const stored = await returned('usr_leftover')
      const unrecorded = `tenants/${world.tenant.id}/User/usr_9/${newId()}`
      const foreign = [`tenants/${world.tenant.id}/a/b/c`, `tenants/${newId()}/User/usr_9/${newId()}`]
      for (const key of [unrecorded, ...foreign]) await put(key, table())
      clock.advance(2 * DAY)
      const made = await report()
      assert.deepEqual(counts(made), { leftover: 1, unrecorded: 1, unclear: 1 })
      assert.deepEqual(
        (await findings(made)).map(({ kind, key }) => `${kind} ${key}`).sort(),
        [`leftover ${stored.storageKey}`, `unclear ${foreign[0]}`, `unrecorded ${unrecorded}`].sort(),
      )
      assert.deepEqual(
        (await findings(made, '&kind=leftover')).map(({ fileId }) => fileId),
        [stored.id],
      )
      assert.ok((await lies(stored.storageKey)) && (await lies(unrecorded)), 'a report deletes nothing')
      const done = await apply(made)
      assert.deepEqual([done.status, done.removed.count, done.kept.count, done.includeUnrecorded], ['applied', 1, 0, false])
      assert.deepEqual([await lies(stored.storageKey), await lies(unrecorded)], [false, true])
      const again = await admin().call('POST', `/reconciliations/${made.id}/apply`, { body: {} })
      assert.deepEqual([again.status, again.problem.code], [409, 'CONFLICT'])
      await apply(await report(), { includeUnrecorded: true })
      assert.equal(await lies(unrecorded), false)
      for (const key of foreign) {
        assert.ok(await lies(key), 'what is not surely ours stays')
        await at((target) => target.delete(key))
      }
      assert.equal((await told('LEFTOVER_REMOVED')).length, 2)
      assert.deepEqual(await check(), [])
    })

    test('O10: nothing goes that a legal hold covers, be it placed before the report or after it', async () => {
      const stored = await returned('usr_held')
      clock.advance(2 * DAY)
      const free = await report()
      assert.deepEqual(counts(free), { leftover: 1 })
      const hold = { ownerEntityType: 'User', ownerEntityId: 'usr_held', reason: 'Letter of 15 January' }
      const placed = await admin().call<{ id: string }>('POST', '/holds', { body: hold })
      assert.equal(placed.status, 201, JSON.stringify(placed.body))
      const kept = await apply(free)
      assert.deepEqual([kept.removed.count, kept.kept.count], [0, 1])
      assert.match((await findings(free))[0]?.outcomeReason ?? '', /legal hold/)
      assert.deepEqual(counts(await report()), { unclear: 1 })
      assert.ok(await lies(stored.storageKey))
      await admin().call('POST', `/holds/${placed.body.id}/release`, { body: { reason: 'Settled' } })
      const done = await apply(await report())
      assert.deepEqual([done.removed.count, await lies(stored.storageKey)], [1, false])
    })

    test('O11 C2: a file without its object says so on its page and at its download, and is whole again once that is back', async () => {
      const stored = await objects.store(table(), { ownerEntityId: 'usr_missing' })
      const { objectKey: key, objectSize } = (await world.instance.store.read.files.findAny(world.tenant.id, stored.id))!
      const bytes = await at((target) => target.read(key, 0, objectSize))
      await at((target) => target.delete(key))
      const made = await report()
      assert.deepEqual([counts(made), made.missing.bytes], [{ missing: 1 }, objectSize])
      assert.deepEqual(
        (await findings(made)).map(({ fileId, fileName }) => [fileId, fileName]),
        [[stored.id, 'report.csv']],
      )
      assert.notEqual((await file(stored.id)).missingSince, null)
      const refused = await objects.downloadUrl(stored.id)
      assert.deepEqual([refused.status, refused.problem.code], [410, 'OBJECT_MISSING'])
      assert.match(refused.problem.detail ?? '', /not on the storage/)
      assert.equal((await objects.get(stored.id)).body.status, 'READY', 'the record stays')
      assert.deepEqual(counts(await report()), { missing: 1 })
      assert.equal((await told('FILE_MISSING')).length, 1, 'it is told once')
      assert.deepEqual(await check(), [])
      await put(key, bytes)
      assert.equal((await objects.downloadUrl(stored.id)).status, 200, 'what is there is handed out')
      assert.deepEqual(counts(await report()), { returned: 1 })
      assert.equal((await file(stored.id)).missingSince, null)
      assert.equal((await told('FILE_RETURNED')).length, 1)
    })

    test('O8: an object of another size is reported, and an object that an asset left in quarantine is a leftover', async () => {
      const stored = await objects.store(table(), { ownerEntityId: 'usr_size' })
      const { objectKey: key, objectSize } = (await world.instance.store.read.files.findAny(world.tenant.id, stored.id))!
      const bytes = await at((target) => target.read(key, 0, objectSize))
      await put(key, Buffer.concat([bytes, bytes]))
      const asset = await evidence.store(Buffer.from('Another receipt'))
      clock.advance(600_000)
      await quarantineCleared(world, asset.id)
      const { quarantineKey, finalKey } = await rowOf(world, asset.id)
      await put(quarantineKey, bytes)
      clock.advance(2 * DAY)
      const made = await report()
      assert.deepEqual(counts(made), { leftover: 1, size: 1 })
      await put(key, bytes)
      const done = await apply(made)
      assert.deepEqual([done.removed.count, await lies(quarantineKey), await lies(finalKey)], [1, false, true])
      assert.deepEqual(counts(await report()), {})
      assert.deepEqual(await check(), [])
    })

    test('T2: one report runs at a time, one that was cancelled changes nothing more, and a tenant sees its own alone', async () => {
      const path = `/targets/${targetId}/reconciliations`
      const made = await Promise.all([1, 2, 3].map(() => admin().call<Reconciliation>('POST', path, { body: {} })))
      const started = made.filter(({ status }) => status === 201)
      assert.ok(started.length >= 1 && made.every(({ status }) => status === 201 || status === 409))
      const id =
        started
          .map(({ body }) => body.id)
          .sort()
          .at(-1) ?? ''
      const cancelled = await admin().call<Reconciliation>('POST', `/reconciliations/${id}/cancel`, { body: {} })
      assert.ok(['cancelled', 'reported'].includes(cancelled.body.status))
      const end = await ended({ id })
      assert.equal(end.status, cancelled.body.status)
      const listed = await admin().call<PageOf<Reconciliation>>('GET', `${path}?limit=1`)
      assert.deepEqual([listed.body.items[0]?.id, typeof listed.body.nextCursor], [id, 'string'])
      for (const role of ['examiner', 'viewer'] as const) {
        const refused = await world.tenant.api[role].call('POST', path, { body: {} })
        assert.equal(refused.status, 403)
      }
    })
  })
}
