import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkInstance } from '../src/check-instance.ts'
import { StorageError, type StorageTarget } from '../src/storage/target.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'
import { movableClock } from './test-clock.ts'

const HOUR = 3_600_000
const whole = { full: true, signal: new AbortController().signal }

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

async function actionsOf(world: FileWorld, fileId: string): Promise<{ action: string; details: Record<string, unknown> }[]> {
  const { body } = await world.tenant.api.admin.call<{ items: { action: string; details: Record<string, unknown> }[] }>(
    'GET',
    `/audit/entries?fileId=${fileId}`,
  )
  return body.items
}

test('D7 S9: an upload that nobody touched for 24 hours is ended, and what it reserved is free', { timeout: 60_000 }, async () => {
  const clock = movableClock()
  await using world = await openFileWorld({ clock })
  const { api } = world
  const { id: caseId } = await api.newCase()
  const idle = await api.initiate({ caseId, name: 'idle.bin', size: 9_000_000 })
  await api.put(idle.id, 2, randomBytes(9_000_000 - idle.partSize))
  clock.advance(20 * HOUR)
  const busy = await api.initiate({ caseId, name: 'busy.bin', size: 10 })
  clock.advance(5 * HOUR)
  await until(async () => (await api.session(idle.id)).status === 'aborted')
  assert.equal((await api.session(busy.id)).status, 'open')
  const entry = (await actionsOf(world, idle.fileId)).find(({ action }) => action === 'UPLOAD_ABORTED')
  assert.equal(entry?.details.reason, 'idle')
  await until(async () => (await checkInstance(world.instance, whole)).counts.writes === 0)
  assert.deepEqual((await checkInstance(world.instance, whole)).findings, [])
})

test('N1: a completion that was interrupted and never asked for again is finished by the sweep', { timeout: 60_000 }, async () => {
  const clock = movableClock()
  await using world = await openFileWorld({ clock })
  const { api, instance } = world
  const { id: caseId } = await api.newCase()
  const session = await api.initiate({ caseId, name: 'stuck.bin', size: 10 })
  await api.put(session.id, 1, randomBytes(10))
  await instance.database.writer.updateTable('uploads').set({ status: 'completing' }).where('id', '=', session.id).execute()
  // The first look at the schedules sets when they are due.
  await sleep(1500)
  clock.advance(HOUR / 4)
  assert.equal((await api.settled(session.fileId)).status, 'READY')
})

test('D7: a write that no upload knows is removed, one that an upload is using is not', { timeout: 60_000 }, async () => {
  const clock = movableClock()
  await using world = await openFileWorld({ clock })
  const { api, instance, tenant } = world
  const { id: caseId } = await api.newCase()
  await using lease = await instance.targets.lease(tenant.id, tenant.targetId)
  const { target } = lease
  const orphan = await target.beginWrite(`attachments/${tenant.id}/${caseId}/orphan.bin`, 100)
  const strange = await target.beginWrite('backups/other-program.bin', 100)
  const session = await api.initiate({ caseId, name: 'used.bin', size: 100 })
  await api.put(session.id, 1, randomBytes(100))
  const writes = async () => {
    const ids: string[] = []
    for await (const { write } of target.listWrites('', Number.MAX_SAFE_INTEGER)) ids.push(write)
    return ids
  }
  assert.equal((await writes()).length, 3)
  await sleep(1500)
  clock.advance(4 * HOUR)
  await until(async () => !(await writes()).includes(orphan))
  assert.ok((await writes()).includes(strange), 'what is not ours is left alone')
  assert.equal((await writes()).length, 2)
  const { id } = await api.sendAll(session, randomBytes(100)).catch(() => ({ id: session.fileId }))
  assert.ok(id)
})

/** A target whose deletions fail while `broken.deletes` is true. */
function failingDeletes(broken: { deletes: boolean }) {
  return (target: StorageTarget): StorageTarget =>
    new Proxy(target, {
      get(inner, name) {
        const value = Reflect.get(inner, name)
        if (name !== 'delete') return typeof value === 'function' ? value.bind(inner) : value
        return async (...args: Parameters<StorageTarget['delete']>) => {
          if (broken.deletes) throw new StorageError('denied', 'Deleting is not allowed here')
          return inner.delete(...args)
        }
      },
    })
}

test('U2 A1: deleting frees the bytes at once; removal that keeps failing is in the log and done by a later sweep', {
  timeout: 120_000,
}, async () => {
  const clock = movableClock()
  const broken = { deletes: true }
  await using world = await openFileWorld({ clock, wrap: failingDeletes(broken) })
  const { api, instance, tenant } = world
  const { id: caseId } = await api.newCase()
  const file = await api.upload(caseId, randomBytes(1000))
  assert.equal((await api.call('DELETE', `/files/${file.id}`)).status, 204)
  assert.equal((await api.call('GET', `/files/${file.id}`)).status, 404)
  assert.equal((await instance.store.read.targets.find(tenant.id, tenant.targetId))?.usedBytes, 0)
  const row = await instance.store.read.files.findAny(tenant.id, file.id)
  assert.equal(row?.wrappedKey, null, 'the key is gone at once')
  await until(async () => {
    clock.advance(10_000)
    return (await actionsOf(world, file.id)).some(({ action }) => action === 'ATTACHMENT_BACKEND_CLEANUP_FAILED')
  })
  broken.deletes = false
  await until(async () => {
    clock.advance(HOUR)
    return (await instance.store.read.files.findAny(tenant.id, file.id))?.purgedAt != null
  })
  const report = await checkInstance(instance, whole)
  assert.deepEqual(report.findings, [])
  assert.equal(report.counts.objects, 0)
  assert.equal((await actionsOf(world, file.id)).filter(({ action }) => action === 'ATTACHMENT_BACKEND_CLEANUP_FAILED').length, 1)
})

test('U2: deleting a case takes its files and running uploads with it, all or none', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  const { api, instance, tenant } = world
  const { id: caseId } = await api.newCase()
  const files = [await api.upload(caseId, randomBytes(10)), await api.upload(caseId, Buffer.alloc(0))]
  const session = await api.initiate({ caseId, name: 'running.bin', size: 10 })
  await api.put(session.id, 1, randomBytes(10))
  assert.equal((await tenant.api.admin.call('DELETE', `/cases/${caseId}`)).status, 204)
  for (const file of files) assert.equal((await api.call('GET', `/files/${file.id}`)).status, 404)
  assert.equal((await api.complete(session.id)).problem.code, 'UPLOAD_CLOSED')
  await until(async () => {
    const { counts } = await checkInstance(instance, whole)
    return counts.objects + counts.writes === 0
  })
  assert.deepEqual((await checkInstance(instance, whole)).findings, [])
  const { usedBytes, reservedBytes } = (await instance.store.read.targets.find(tenant.id, tenant.targetId))!
  assert.deepEqual([usedBytes, reservedBytes], [0, 0])
})

test('U2: files are listed by case, item and status, newest first, page by page', async () => {
  await using world = await openFileWorld()
  const { api } = world
  const { id: caseId } = await api.newCase()
  const item = await api.call<{ id: string }>('POST', `/cases/${caseId}/items`, { body: { label: 'A1', title: 'Disk' } })
  const ids: string[] = []
  for (let n = 0; n < 5; n += 1) ids.push((await api.upload(caseId, randomBytes(n), n === 2 ? { itemId: item.body.id } : {})).id)
  type Listed = { items: { id: string }[]; nextCursor: string | null }
  const list = async (query: string) => (await api.call<Listed>('GET', `/files?${query}`)).body
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Listed = await list(`caseId=${caseId}&limit=2${cursor ? `&cursor=${cursor}` : ''}`)
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  assert.deepEqual(seen, ids.toReversed())
  assert.deepEqual(
    (await list(`caseId=${caseId}&itemId=${item.body.id}`)).items.map(({ id }) => id),
    [ids[2]],
  )
  assert.equal((await list(`caseId=${caseId}&itemId=none`)).items.length, 4)
  assert.equal((await list('status=PENDING_UPLOAD')).items.length, 0)
  const other = await world.newTenant('nosy')
  assert.deepEqual((await other.api.admin.call<Listed>('GET', `/files?caseId=${caseId}`)).body.items, [])
})
