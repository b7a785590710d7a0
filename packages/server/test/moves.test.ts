import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type File, MIN_PART_PLAIN_BYTES, type Migration, type Move, type PageOf } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { newId } from '../src/core/ids.ts'
import { StorageError, type StorageTarget } from '../src/storage/target.ts'
import { type FileWorld, type FileWorldOptions, openFileWorld } from './file-world.ts'

const PART = MIN_PART_PLAIN_BYTES
const signal = new AbortController().signal

/** A server with a second target on another folder, of which every call goes through `second`. */
async function openTwoTargets(second: (target: StorageTarget) => StorageTarget = (target) => target, options: FileWorldOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-second-'))
  let opened = 0
  const wrap = (target: StorageTarget): StorageTarget => (isSecond.has(target) || opened++ > 0 ? second(target) : target)
  const isSecond = new WeakSet<StorageTarget>()
  const world = await openFileWorld({ ...options, wrap })
  const { store } = world.instance
  const id = newId()
  await store.transaction(async (tx) => {
    const local = await tx.targets.find(world.tenant.id, world.tenant.targetId)
    assert.ok(local)
    await tx.targets.insert({ ...local, id, name: 'Second', builtin: false, place: { path: folder }, usedBytes: 0, reservedBytes: 0 })
  })
  return {
    world,
    secondId: id,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function migrated(world: FileWorld, between: { fromTargetId: string; toTargetId: string }): Promise<Migration> {
  const admin = world.tenant.api.admin
  const { body } = await admin.call<Migration>('POST', '/migrations', { body: between })
  return ended(world, body.id)
}

async function ended(world: FileWorld, id: string): Promise<Migration> {
  for (;;) {
    const { body } = await world.tenant.api.admin.call<Migration>('GET', `/migrations/${id}`)
    if (body.status !== 'running') return body
    await sleep(10)
  }
}

const findings = async (world: FileWorld) => (await checkInstance(world.instance, { full: true, signal })).findings

async function untilPurged(world: FileWorld): Promise<void> {
  while ((await world.instance.store.read.moves.pageToPurge('', 10)).length > 0) await sleep(10)
}

test('R5 R2: a migration moves every file, proves each copy, and leaves nothing behind', async () => {
  await using two = await openTwoTargets()
  const { world, secondId } = two
  const { api, tenant } = world
  const { id: caseId } = await api.newCase()
  const contents = [0, 1, 100_000, PART, 3 * PART + 17].map((size) => randomBytes(size))
  const files = await Promise.all(contents.map((content) => api.upload(caseId, content)))
  const between = { fromTargetId: tenant.targetId, toTargetId: secondId }
  const { body: plan } = await tenant.api.admin.call<{ files: number }>('POST', '/migrations/plan', { body: between })
  assert.equal(plan.files, files.length)
  const done = await migrated(world, between)
  assert.deepEqual([done.status, done.moved.files, done.failed.files, done.skipped.files], ['done', files.length, 0, 0])
  for (const [index, file] of files.entries()) {
    assert.equal((await api.file(file.id)).target.id, secondId)
    assert.ok((await api.bytes(file.id)).bytes.equals(contents[index] ?? Buffer.alloc(0)))
  }
  await untilPurged(world)
  assert.deepEqual(await findings(world), [])
  const rows = await Promise.all([tenant.targetId, secondId].map((id) => world.instance.store.read.targets.find(tenant.id, id)))
  assert.deepEqual([rows[0]?.usedBytes, rows[0]?.reservedBytes, rows[1]?.reservedBytes], [0, 0, 0])
  const { body: entries } = await tenant.api.admin.call<PageOf<{ fileId: string }>>('GET', '/audit/entries?action=FILE_MOVED')
  assert.deepEqual(entries.items.map((entry) => entry.fileId).sort(), files.map((file) => file.id).sort())
})

test('R5: a migration is paused between two files, resumed, and its report tells of each', async () => {
  let slow = true
  await using two = await openTwoTargets((target) => ({
    ...target,
    async commitWrite(...call) {
      if (slow) await sleep(50)
      return target.commitWrite(...call)
    },
  }))
  const { world, secondId } = two
  const { api, tenant } = world
  const { id: caseId } = await api.newCase()
  for (let index = 0; index < 8; index += 1) await api.upload(caseId, randomBytes(1000))
  const { body: begun } = await tenant.api.admin.call<Migration>('POST', '/migrations', {
    body: { fromTargetId: tenant.targetId, toTargetId: secondId },
  })
  while ((await tenant.api.admin.call<Migration>('GET', `/migrations/${begun.id}`)).body.moved.files < 2) await sleep(5)
  assert.equal((await tenant.api.admin.call<Migration>('POST', `/migrations/${begun.id}/pause`)).body.status, 'paused')
  await sleep(300)
  const paused = (await tenant.api.admin.call<Migration>('GET', `/migrations/${begun.id}`)).body
  await sleep(300)
  const later = (await tenant.api.admin.call<Migration>('GET', `/migrations/${begun.id}`)).body
  assert.ok(later.moved.files < 8)
  assert.equal(later.moved.files, paused.moved.files)
  assert.equal((await tenant.api.admin.call('POST', `/migrations/${begun.id}/pause`)).status, 409)
  slow = false
  await tenant.api.admin.call('POST', `/migrations/${begun.id}/resume`)
  assert.equal((await ended(world, begun.id)).moved.files, 8)
  const { body: report } = await tenant.api.admin.call<PageOf<Move>>('GET', `/migrations/${begun.id}/moves?limit=200`)
  assert.deepEqual([...new Set(report.items.map((move) => move.status))], ['moved'])
  assert.equal(report.items.length, 8)
  await untilPurged(world)
  assert.deepEqual(await findings(world), [])
})

test('R5: a copy that reads back differently is not switched to, and the file stays where it is', async () => {
  await using two = await openTwoTargets((target) => ({
    ...target,
    async writePart(key, write, part, options) {
      const bytes = Uint8Array.from(part.bytes)
      bytes[bytes.length >> 1]! ^= 1
      return target.writePart(key, write, { ...part, bytes }, options)
    },
  }))
  const { world, secondId } = two
  const { api, tenant } = world
  const { id: caseId } = await api.newCase()
  const content = randomBytes(100_000)
  const file = await api.upload(caseId, content)
  const done = await migrated(world, { fromTargetId: tenant.targetId, toTargetId: secondId })
  assert.deepEqual([done.status, done.moved.files, done.failed.files], ['done', 0, 1])
  assert.equal((await api.file(file.id)).target.id, tenant.targetId)
  assert.ok((await api.bytes(file.id)).bytes.equals(content))
  assert.deepEqual(await findings(world), [])
  const { body: entries } = await tenant.api.admin.call<PageOf<{ fileId: string }>>('GET', '/audit/entries?action=FILE_MOVE_FAILED')
  assert.deepEqual(
    entries.items.map((entry) => entry.fileId),
    [file.id],
  )
})

test('R5: a file whose object is gone is told as failed, and keeps no other from being moved', async () => {
  await using two = await openTwoTargets()
  const { world, secondId } = two
  const { api, tenant } = world
  const { id: caseId } = await api.newCase()
  const gone = await api.upload(caseId, randomBytes(1000))
  const there = await api.upload(caseId, randomBytes(1000))
  const row = await world.instance.store.read.files.findAny(tenant.id, gone.id)
  {
    await using lease = await world.instance.targets.lease(tenant.id, tenant.targetId)
    await lease.target.delete(row?.objectKey ?? '')
  }
  const done = await migrated(world, { fromTargetId: tenant.targetId, toTargetId: secondId })
  assert.deepEqual([done.status, done.moved.files, done.failed.files], ['done', 1, 1])
  assert.deepEqual([(await api.file(gone.id)).target.id, (await api.file(there.id)).target.id], [tenant.targetId, secondId])
  const { body } = await tenant.api.admin.call<PageOf<Move>>('GET', `/migrations/${done.id}/moves?status=failed`)
  assert.match(body.items[0]?.error ?? '', /not at the old target/)
})

test('R5 U2: a file that is deleted while it moves is gone from both targets', async () => {
  const inCommit = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  await using two = await openTwoTargets((target) => ({
    ...target,
    async commitWrite(...call) {
      inCommit.resolve()
      await goOn.promise
      return target.commitWrite(...call)
    },
  }))
  const { world, secondId } = two
  const { api, tenant } = world
  const { id: caseId } = await api.newCase()
  const file = await api.upload(caseId, randomBytes(1000))
  const moving = migrated(world, { fromTargetId: tenant.targetId, toTargetId: secondId })
  await inCommit.promise
  assert.equal((await api.call('DELETE', `/files/${file.id}`)).status, 204)
  goOn.resolve()
  assert.equal((await moving).skipped.files, 1)
  await untilPurged(world)
  assert.deepEqual(await findings(world), [])
})

test('S3: an upload is sealed on this server, ready at once, and synced to its target when that takes it', async () => {
  let away = true
  await using two = await openTwoTargets((target) => ({
    ...target,
    async beginWrite(...call) {
      if (away) throw new StorageError('unavailable', 'The target is away')
      return target.beginWrite(...call)
    },
  }))
  const { world, secondId } = two
  const { api, tenant, instance } = world
  await instance.store.transaction((tx) =>
    tx.roleBindings.bind(tenant.id, { role: 'encrypted', targetId: secondId, boundAt: 1, staged: true }),
  )
  const { id: caseId } = await api.newCase()
  const content = randomBytes(PART + 5)
  const file = await api.upload(caseId, content)
  assert.deepEqual([file.status, file.syncing, file.target.id], ['READY', true, tenant.targetId])
  assert.ok((await api.bytes(file.id)).bytes.equals(content))
  assert.deepEqual(await findings(world), [])
  const gone = await api.upload(caseId, randomBytes(10))
  assert.equal((await api.call('DELETE', `/files/${gone.id}`)).status, 204)
  away = false
  let now: File = file
  while (now.syncing) {
    await sleep(20)
    now = await api.file(file.id)
  }
  assert.equal(now.target.id, secondId)
  assert.ok((await api.bytes(file.id)).bytes.equals(content))
  await untilPurged(world)
  await sleep(100)
  assert.deepEqual(await findings(world), [])
})

test('R5: a migration whose target is away says why nothing moves, names the file, and goes on by itself', async () => {
  let away = true
  await using two = await openTwoTargets((target) => ({
    ...target,
    async beginWrite(...call) {
      if (away) throw new StorageError('unavailable', 'The target is away')
      return target.beginWrite(...call)
    },
  }))
  const { world, secondId } = two
  const { api, tenant } = world
  const { id: caseId } = await api.newCase()
  const file = await api.upload(caseId, randomBytes(1000))
  const { body: begun } = await tenant.api.admin.call<Migration>('POST', '/migrations', {
    body: { fromTargetId: tenant.targetId, toTargetId: secondId },
  })
  let now = begun
  while (now.waiting === null) {
    await sleep(10)
    now = (await tenant.api.admin.call<Migration>('GET', `/migrations/${begun.id}`)).body
  }
  assert.equal(now.status, 'running')
  assert.equal(now.waiting.error, 'The target is away')
  const { body: report } = await tenant.api.admin.call<PageOf<Move>>('GET', `/migrations/${begun.id}/moves`)
  assert.deepEqual(
    report.items.map((move) => [move.fileName, move.caseId, move.itemId, move.status]),
    [[file.name, caseId, null, 'copying']],
  )
  away = false
  now = await ended(world, begun.id)
  assert.deepEqual([now.status, now.moved.files, now.waiting], ['done', 1, null])
})
