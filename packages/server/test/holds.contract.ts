import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, File, Hold, PageOf, StoredObject } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { expireFiles } from '../src/services/expiry.ts'
import { purgeObjectJob } from '../src/services/ingest/job-kinds.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'
import { objectsOf, table } from './objects-kit.ts'
import { movableClock } from './test-clock.ts'

const HOUR = 3_600_000
const whole = { full: true, signal: new AbortController().signal }

type Scene = {
  readonly world: FileWorld
  readonly clock: ReturnType<typeof movableClock>
  readonly newCase: () => Promise<Case>
  readonly place: (on: { fileId: string } | { caseId: string } | { ownerEntityType: string; ownerEntityId: string }) => Promise<Hold>
  readonly release: (hold: Hold) => Promise<void>
}

/** A way by which a held thing could go. `held` has it held and tries; it asserts that nothing went. */
type Path = { readonly name: string; readonly held: (scene: Scene) => Promise<void> }

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}

async function refused(scene: Scene, path: string, holds: readonly Hold[]): Promise<void> {
  const answer = await scene.world.tenant.api.admin.call('DELETE', path)
  assert.equal(answer.status, 403, JSON.stringify(answer.problem))
  assert.equal(answer.problem.code, 'LEGAL_HOLD')
  assert.deepEqual(
    answer.problem.holdIds,
    holds.map(({ id }) => id),
  )
}

async function stillThere(scene: Scene, file: File): Promise<void> {
  const now = await scene.world.api.file(file.id)
  assert.deepEqual({ status: now.status, held: now.held }, { status: 'READY', held: true })
  assert.equal((await scene.world.api.bytes(file.id)).status, 200)
}

/** By its own route and by that of files; its bytes can still be had. */
async function objectRefused(scene: Scene, { id }: StoredObject, hold: Hold): Promise<void> {
  for (const path of [`/uploads/${id}`, `/files/${id}`]) await refused(scene, path, [hold])
  const objects = objectsOf(scene.world.api)
  const { status, held } = (await objects.get(id)).body
  assert.deepEqual({ status, held }, { status: 'READY', held: true })
  const { downloadUrl } = (await objects.downloadUrl(id)).body
  assert.ok(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer()).equals(table()))
}

async function jobEnds(scene: Scene, enqueue: () => Promise<string>): Promise<void> {
  const id = await enqueue()
  const ended = async () => (await scene.world.instance.store.read.jobs.find(scene.world.tenant.id, id))?.finishedAt !== null
  await until(ended)
}

const paths: readonly Path[] = [
  {
    name: 'the deletion of a file',
    async held(scene) {
      const { id: caseId } = await scene.newCase()
      const file = await scene.world.api.upload(caseId, randomBytes(100))
      await refused(scene, `/files/${file.id}`, [await scene.place({ fileId: file.id })])
      await stillThere(scene, file)
    },
  },
  {
    name: 'the deletion of a file of a held case',
    async held(scene) {
      const { id: caseId } = await scene.newCase()
      const hold = await scene.place({ caseId })
      const file = await scene.world.api.upload(caseId, randomBytes(100))
      await refused(scene, `/files/${file.id}`, [hold])
      await stillThere(scene, file)
    },
  },
  {
    name: 'the deletion of an object of an app',
    async held(scene) {
      const objects = objectsOf(scene.world.api)
      const object = await objects.store(table(), { ownerEntityId: 'usr_file' })
      const hold = await scene.place({ fileId: object.id })
      await objectRefused(scene, object, hold)
      await scene.release(hold)
    },
  },
  {
    name: 'the deletion of an object whose owner is held, stored before the hold or after it',
    async held(scene) {
      const objects = objectsOf(scene.world.api)
      const owner = { ownerEntityType: 'User', ownerEntityId: 'usr_owner' }
      const before = await objects.store(table(), owner)
      const hold = await scene.place(owner)
      const after = await objects.store(table(), owner)
      for (const object of [before, after]) await objectRefused(scene, object, hold)
      const free = await objects.store(table(), { ownerEntityId: 'usr_free' })
      assert.equal((await scene.world.api.call('DELETE', `/uploads/${free.id}`)).status, 204)
      await scene.release(hold)
    },
  },
  {
    name: 'the deletion of a case with one held file among others',
    async held(scene) {
      const { id: caseId } = await scene.newCase()
      const files = [await scene.world.api.upload(caseId, randomBytes(10)), await scene.world.api.upload(caseId, randomBytes(10))]
      const hold = await scene.place({ fileId: files[1]!.id })
      await refused(scene, `/cases/${caseId}`, [hold])
      await stillThere(scene, files[1]!)
      assert.equal((await scene.world.api.file(files[0]!.id)).status, 'READY', 'nothing is deleted where one is held')
    },
  },
  {
    name: 'the deletion of a held case that is empty',
    async held(scene) {
      const { id: caseId } = await scene.newCase()
      await refused(scene, `/cases/${caseId}`, [await scene.place({ caseId })])
      assert.equal((await scene.world.api.call('GET', `/cases/${caseId}`)).status, 200)
    },
  },
  {
    name: 'the deletion of an item',
    async held(scene) {
      const { api } = scene.world
      const { id: caseId } = await scene.newCase()
      const { body: item } = await api.call<{ id: string }>('POST', `/cases/${caseId}/items`, { body: { label: 'E1', title: 'Laptop' } })
      const file = await api.upload(caseId, randomBytes(10), { itemId: item.id })
      await refused(scene, `/cases/${caseId}/items/${item.id}`, [await scene.place({ fileId: file.id })])
      await stillThere(scene, file)
    },
  },
  {
    name: 'the cancelling of an upload',
    async held(scene) {
      const { api } = scene.world
      const { id: caseId } = await scene.newCase()
      const session = await api.initiate({ caseId, name: 'half.bin', size: 10 })
      await refused(scene, `/upload-sessions/${session.id}`, [await scene.place({ fileId: session.fileId })])
      await refused(scene, `/files/${session.fileId}`, [(await holdsOn(scene, session.fileId))[0]!])
      const done = await api.sendAll(session, randomBytes(10))
      await stillThere(scene, await api.settled(done.id))
    },
  },
  {
    name: 'the sweep of idle uploads',
    async held(scene) {
      const { api } = scene.world
      const { id: caseId } = await scene.newCase()
      const session = await api.initiate({ caseId, name: 'idle.bin', size: 10 })
      const idle = await api.initiate({ caseId: (await scene.newCase()).id, name: 'idle.bin', size: 10 })
      const hold = await scene.place({ caseId })
      // The first look at the schedules sets when they are due.
      await sleep(1500)
      scene.clock.advance(25 * HOUR)
      await until(async () => (await api.session(idle.id)).status === 'aborted')
      assert.equal((await api.session(session.id)).status, 'open')
      await scene.release(hold)
      scene.clock.advance(HOUR)
      await until(async () => (await api.session(session.id)).status === 'aborted')
    },
  },
  {
    name: 'the removal of what a failed file left',
    async held(scene) {
      const { world } = scene
      const { id: caseId } = await scene.newCase()
      const file = await world.api.upload(caseId, randomBytes(100))
      const row = await world.instance.store.read.files.findAny(world.tenant.id, file.id)
      await world.instance.database.writer.updateTable('files').set({ status: 'FAILED' }).where('id', '=', file.id).execute()
      const hold = await scene.place({ fileId: file.id })
      const purge = purgeObjectJob({ tenantId: world.tenant.id, fileId: file.id })
      await jobEnds(scene, () => world.instance.store.transaction((tx) => tx.jobs.enqueue(purge)))
      await using lease = await world.instance.targets.lease(world.tenant.id, row!.targetId)
      assert.notEqual(await lease.target.stat(row!.objectKey), null)
      assert.ok(!(await world.instance.store.read.files.pageToPurge('', 1000)).some(({ id }) => id === file.id))
      await scene.release(hold)
      await world.instance.database.writer.updateTable('files').set({ status: 'READY' }).where('id', '=', file.id).execute()
    },
  },
  {
    name: 'expiry',
    async held(scene) {
      const { world } = scene
      const { instance } = world
      const [held, free] = [await scene.newCase(), await scene.newCase()]
      const files = [await world.api.upload(held.id, randomBytes(10)), await world.api.upload(free.id, randomBytes(10))]
      const ids = files.map(({ id }) => id)
      await scene.place({ caseId: held.id })
      await instance.database.writer.updateTable('files').set({ expires_at: 1 }).where('id', 'in', ids).execute()
      const expired = await expireFiles(instance, { ...whole, progress: async () => {} })
      assert.equal(expired, 1)
      await stillThere(scene, files[0]!)
      assert.equal((await world.api.call('GET', `/files/${files[1]!.id}`)).status, 404)
    },
  },
  {
    name: 'the update to DELETED itself, whoever makes it',
    async held(scene) {
      const { world } = scene
      const { id: caseId } = await scene.newCase()
      const file = await world.api.upload(caseId, randomBytes(100))
      await scene.place({ caseId })
      const place = { tenantId: world.tenant.id, id: file.id }
      assert.equal(await world.instance.store.transaction((tx) => tx.files.become(place, 'DELETED', { deletedAt: 1 })), false)
      await stillThere(scene, file)
    },
  },
]

async function holdsOn(scene: Scene, fileId: string): Promise<Hold[]> {
  return (await scene.world.tenant.api.admin.call<PageOf<Hold>>('GET', `/holds?fileId=${fileId}&active=true`)).body.items
}

async function openScene(databaseUrl: string | null): Promise<Scene> {
  const clock = movableClock()
  const world = await openFileWorld({ clock, ...(databaseUrl === null ? {} : { databaseUrl }) })
  const { admin } = world.tenant.api
  return {
    ...{ world, clock, newCase: () => world.api.newCase() },
    async place(on) {
      const { status, body } = await admin.call<Hold>('POST', '/holds', { body: { ...on, reason: 'Litigation 4/26' } })
      assert.equal(status, 201, JSON.stringify(body))
      return body
    },
    async release(hold) {
      const { status } = await admin.call('POST', `/holds/${hold.id}/release`, { body: { reason: 'Settled' } })
      assert.equal(status, 200)
    },
  }
}

/** What a legal hold promises, on one database (O10). */
export function holdsContract(name: string, database: { url: () => Promise<string | null>; end: () => Promise<void> }): void {
  suite(`legal holds on ${name}`, () => {
    let scene: Scene
    before(async () => {
      scene = await openScene(await database.url())
    })
    after(async () => {
      await scene?.world[Symbol.asyncDispose]()
      await database.end()
    })
    for (const path of paths) test(`O10: a hold blocks ${path.name}`, { timeout: 60_000 }, () => path.held(scene))
    test('O10: of a hold and a deletion at the same time exactly one happens', { timeout: 120_000 }, () => race(scene))
    test('O10: of a hold on its owner and the deletion of an object at the same time exactly one happens', { timeout: 120_000 }, () =>
      raceForObject(scene),
    )
    test('O10: what was deleted before a hold is purged all the same', { timeout: 60_000 }, () => deletedBefore(scene))
    test('O10: after the last release it can be deleted, and not before', { timeout: 60_000 }, () => released(scene))
    test('O10 O11: objects of apps tell whether they are held, and are found by it', { timeout: 60_000 }, () => heldObjects(scene))
    test('O10: holds leave a sound store', { timeout: 60_000 }, async () => {
      assert.deepEqual((await checkInstance(scene.world.instance, whole)).findings, [])
    })
  })
}

async function heldObjects({ world, place, release }: Scene): Promise<void> {
  const objects = objectsOf(world.api)
  const { admin } = world.tenant.api
  const mine = { objectClass: 'STATEMENT_OF_HOLDS' }
  const made = await admin.call('POST', '/object-classes', { body: { name: mine.objectClass, contentTypes: ['text/csv'], maxBytes: 1000 } })
  assert.equal(made.status, 201)
  const store = (ownerEntityId: string) => objects.store(table(), { ...mine, ownerEntityId })
  const [byFile, byOwner, free] = [await store('usr_a'), await store('usr_b'), await store('usr_c')]
  const holds = [await place({ fileId: byFile.id }), await place({ ownerEntityType: 'User', ownerEntityId: 'usr_b' })]
  const found = async (held: boolean): Promise<(readonly [string, boolean])[]> =>
    (await admin.call<PageOf<StoredObject>>('GET', `/uploads?held=${held}&objectClass=${mine.objectClass}`)).body.items.map(
      (object) => [object.id, object.held] as const,
    )
  assert.deepEqual(await found(true), [[byOwner.id, true] as const, [byFile.id, true] as const])
  assert.deepEqual(await found(false), [[free.id, false] as const])
  assert.equal((await objects.get(byOwner.id)).body.held, true)
  assert.equal((await objects.received(table(), { ...mine, ownerEntityId: 'usr_b' })).storedObject.held, true)
  assert.equal((await admin.call('DELETE', `/uploads/${byOwner.id}`)).problem.code, 'LEGAL_HOLD')
  for (const hold of holds) await release(hold)
  assert.deepEqual(await found(true), [])
}

const ROUNDS = 15

async function race({ world, newCase }: Scene): Promise<void> {
  const { admin } = world.tenant.api
  const { id: caseId } = await newCase()
  for (let round = 0; round < ROUNDS; round += 1) {
    const file = await world.api.upload(caseId, randomBytes(10))
    const hold = () => admin.call<Hold>('POST', '/holds', { body: { fileId: file.id, reason: 'Race' } })
    const remove = () => world.api.call('DELETE', `/files/${file.id}`)
    const [first, second] = round % 2 === 0 ? [hold, remove] : [remove, hold]
    const answers = await Promise.all([first(), second()])
    const [placed, removed] = round % 2 === 0 ? answers : answers.toReversed()
    const outcome = `${placed?.status} ${removed?.status}`
    assert.ok(outcome === '201 403' || outcome === '404 204', outcome)
    const row = await world.instance.store.read.files.findAny(world.tenant.id, file.id)
    assert.equal(row?.status, placed?.status === 201 ? 'READY' : 'DELETED')
  }
}

/** Either the hold came first, and the object stays, or the deletion did, and it goes whole. */
async function raceForObject(scene: Scene): Promise<void> {
  const { world } = scene
  const objects = objectsOf(world.api)
  for (let round = 0; round < ROUNDS; round += 1) {
    const owner = { ownerEntityType: 'User', ownerEntityId: `usr_race_${round}` }
    const { id } = await objects.store(table(), owner)
    const steps = [() => scene.place(owner), () => world.api.call('DELETE', `/uploads/${id}`).then(({ status }) => status)] as const
    const [first, second] = round % 2 === 0 ? steps : ([steps[1], steps[0]] as const)
    const answers = await Promise.all([first(), second()])
    const removed = answers.find((answer) => typeof answer === 'number')
    const hold = answers.find((answer) => typeof answer === 'object')
    assert.ok(hold)
    assert.ok(removed === 204 || removed === 403, String(removed))
    const row = () => world.instance.store.read.files.findAny(world.tenant.id, id)
    assert.equal((await row())?.status, removed === 204 ? 'DELETED' : 'READY')
    if (removed === 204) await until(async () => (await row())?.purgedAt !== null)
    else await objectRefused(scene, (await objects.get(id)).body, hold)
    await scene.release(hold)
  }
}

async function deletedBefore(scene: Scene): Promise<void> {
  const { world } = scene
  const { id: caseId } = await scene.newCase()
  const file = await world.api.upload(caseId, randomBytes(10))
  assert.equal((await world.api.call('DELETE', `/files/${file.id}`)).status, 204)
  await scene.place({ caseId })
  await until(async () => (await world.instance.store.read.files.findAny(world.tenant.id, file.id))?.purgedAt !== null)
}

async function released(scene: Scene): Promise<void> {
  const { world } = scene
  const { admin } = world.tenant.api
  const { id: caseId } = await scene.newCase()
  const file = await world.api.upload(caseId, randomBytes(10))
  const holds = [await scene.place({ fileId: file.id }), await scene.place({ caseId })]
  assert.deepEqual((await holdsOn(scene, file.id)).map(({ id }) => id).sort(), holds.map(({ id }) => id).sort())
  await scene.release(holds[0]!)
  await refused(scene, `/files/${file.id}`, [holds[1]!])
  await scene.release(holds[1]!)
  const again = await admin.call('POST', `/holds/${holds[1]!.id}/release`, { body: { reason: 'Again' } })
  assert.equal(again.status, 409)
  assert.equal((await world.api.file(file.id)).held, false)
  assert.equal((await world.api.call('DELETE', `/files/${file.id}`)).status, 204)
  assert.equal((await admin.call('POST', '/holds', { body: { fileId: file.id, reason: 'Too late' } })).status, 404)
  type Entry = { action: string; actor: { name: string }; details: Record<string, unknown> }
  const { body } = await admin.call<PageOf<Entry>>('GET', `/audit/entries?fileId=${file.id}`)
  const told = body.items.filter(({ action }) => action.startsWith('HOLD_')).map(({ action, details }) => [action, details.reason])
  assert.deepEqual(told, [
    ['HOLD_RELEASED', 'Settled'],
    ['HOLD_PLACED', 'Litigation 4/26'],
  ])
}
