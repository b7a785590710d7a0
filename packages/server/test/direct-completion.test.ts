import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { PageOf } from '@holdfast/api'
import { type Clock, systemClock } from '../src/core/clock.ts'
import { COMPLETION_WAIT, LOOK_AGAIN } from '../src/services/ingest/completions.ts'
import { intercept } from '../src/storage/intercept.ts'
import { StorageError, type StorageTarget } from '../src/storage/target.ts'
import { postgresPlaces } from './database-places.ts'
import { bindDirect, directApi, entriesOf, findingsOf, s3Fields, withTarget } from './direct-world.ts'
import { apiOf, type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { objectsOf, table } from './objects-kit.ts'
import { type S3World, s3World } from './s3-world.ts'

/** A storage that is asked to put parts together and does so when it is let. */
function slowStorage() {
  const asked = Promise.withResolvers<void>()
  const leave = Promise.withResolvers<void>()
  const storage = { commits: 0, asked: asked.promise, go: () => leave.resolve() }
  const wrap = (target: StorageTarget): StorageTarget =>
    intercept(target, async (call, options, run) => {
      if (call.operation !== 'commitWrite' || !call.key?.endsWith('slow.bin')) return run()
      storage.commits += 1
      asked.resolve()
      const { signal } = options ?? {}
      const stopped = Promise.withResolvers<never>()
      signal?.addEventListener('abort', () => stopped.reject(signal.reason), { once: true })
      await Promise.race([leave.promise, stopped.promise])
      return run()
    })
  return Object.assign(storage, { wrap })
}

/** By which a request waits for no completion: time passes otherwise as ever. */
const impatient: Clock = {
  now: systemClock.now,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds === COMPLETION_WAIT ? 0 : milliseconds, signal),
}

const HOUR = 3_600_000

/** One run of the sweep, by the worker. */
async function sweep({ instance, tenant }: FileWorld): Promise<void> {
  const id = await instance.store.transaction((tx) => tx.jobs.enqueue({ kind: 'sweep-uploads', tenantId: null, payload: {} }))
  const isActive = async (status: string): Promise<boolean> => {
    const { body } = await tenant.api.admin.call<PageOf<{ id: string }>>('GET', `/jobs?limit=200&status=${status}`)
    return body.items.some((job) => job.id === id)
  }
  while ((await isActive('queued')) || (await isActive('running'))) await sleep(10)
}

describe('a completion that takes the storage long', () => {
  const places = postgresPlaces()
  let s3: S3World
  before(async () => {
    s3 = await s3World('versitygw')
  })
  after(async () => {
    await s3?.[Symbol.asyncDispose]()
    await places.end()
  })
  const name = 'slow.bin'
  const content = randomBytes(1000)
  const digest = sha256(content)

  test('D5 D2: it is answered meanwhile, is one piece of work however often it is asked for, and ends where nobody waits', async () => {
    const storage = slowStorage()
    await using world = await openFileWorld({ clock: impatient, wrap: storage.wrap })
    await bindDirect(world, s3Fields(s3, await s3.bucket()))
    const { id: caseId } = await world.api.newCase()
    const session = await directApi(world.api).sent({ caseId, name }, content)
    const first = await world.api.complete(session.id, digest)
    assert.deepEqual([first.status, first.body.status, first.body.id], [202, 'PENDING_UPLOAD', session.fileId])
    await storage.asked
    const more = await Promise.all([world.api.complete(session.id, digest), world.api.complete(session.id)])
    assert.deepEqual(
      more.map(({ status }) => status),
      [202, 202],
    )
    assert.equal((await world.api.session(session.id)).status, 'completing')
    assert.equal((await world.api.abort(session.id)).problem.code, 'UPLOAD_CLOSED')
    storage.go()
    const file = await world.api.settled(session.fileId)
    assert.deepEqual([file.sha256, storage.commits], [digest, 1])
    assert.equal((await world.api.complete(session.id, digest)).status, 200)
    assert.equal((await entriesOf(world, file.id, 'DIRECT_UPLOAD_COMPLETE')).length, 1)
    assert.deepEqual(await findingsOf(world), [])
  })

  test('N1 D2: a server that is stopped meanwhile breaks it off, and the next one takes it up', async () => {
    const storage = slowStorage()
    const bucket = await s3.bucket()
    const stopped = await openFileWorld({ clock: impatient, wrap: storage.wrap, keep: true })
    await bindDirect(stopped, s3Fields(s3, bucket))
    const { id: caseId } = await stopped.api.newCase()
    const session = await directApi(stopped.api).sent({ caseId, name }, content)
    assert.equal((await stopped.api.complete(session.id, digest)).status, 202)
    await storage.asked
    await stopped[Symbol.asyncDispose]()
    let ahead = 0
    const hasty: Clock = {
      now: () => systemClock.now() + ahead,
      async sleep(milliseconds, signal) {
        if (milliseconds !== LOOK_AGAIN) return systemClock.sleep(milliseconds, signal)
        ahead += milliseconds
        await setImmediate(undefined, signal ? { signal } : {})
      },
    }
    await using world = await openFileWorld({ clock: hasty, dataDir: stopped.dataDir, secrets: stopped.secrets })
    const api = apiOf(world.origin, stopped.api.token, world.app.http)
    assert.equal((await api.session(session.id)).status, 'completing')
    assert.equal((await api.complete(session.id, digest)).status, 200)
    assert.equal((await api.settled(session.fileId)).sha256, digest)
    assert.deepEqual(await findingsOf(world), [])
  })

  test('N1 D2: another instance waits for the one that is at it and does none of it itself', async () => {
    await using place = await places.create()
    const databaseUrl = place.address ?? ''
    const here = slowStorage()
    const there = slowStorage()
    await using world = await openFileWorld({ clock: impatient, wrap: here.wrap, databaseUrl })
    await using other = await openFileWorld({ clock: impatient, wrap: there.wrap, databaseUrl, secrets: world.secrets })
    await bindDirect(world, s3Fields(s3, await s3.bucket()))
    const { id: caseId } = await world.api.newCase()
    const session = await directApi(world.api).sent({ caseId, name }, content)
    assert.equal((await world.api.complete(session.id, digest)).status, 202)
    await here.asked
    const elsewhere = apiOf(other.origin, world.api.token, other.app.http)
    assert.equal((await elsewhere.complete(session.id, digest)).status, 202)
    here.go()
    assert.equal((await world.api.settled(session.fileId)).sha256, digest)
    const { status, body } = await elsewhere.complete(session.id, digest)
    assert.deepEqual([status, body.id, here.commits, there.commits], [200, session.fileId, 1, 0])
    assert.deepEqual(await findingsOf(world), [])
  })

  test('D2 D7 T8: a storage that refuses the completion for good ends the upload as failed a day after its last part, and says why', async () => {
    let [ahead, refusing] = [0, true]
    const clock: Clock = { now: () => systemClock.now() + ahead, sleep: systemClock.sleep }
    const wrap = (target: StorageTarget): StorageTarget =>
      intercept(target, async (call, _options, run) => {
        if (refusing && call.operation === 'commitWrite') throw new StorageError('unavailable', 's3:PutObject: the backend failed with 500')
        return run()
      })
    await using world = await openFileWorld({ clock, wrap })
    const bucket = await s3.bucket()
    const { id: targetId } = await bindDirect(world, s3Fields(s3, bucket))
    const { id: caseId } = await world.api.newCase()
    const direct = await directApi(world.api).sent({ caseId, name }, content)
    const secure = await world.api.initiate({ caseId, name, size: content.length })
    assert.equal((await world.api.put(secure.id, 1, content)).status, 200)
    const { storedObject } = await objectsOf(world.api).received(table())
    for (const { id } of [direct, secure]) assert.equal((await world.api.complete(id, digest)).status, 503)
    assert.equal((await objectsOf(world.api).complete(storedObject.id)).status, 503)
    ahead = 23 * HOUR
    await sweep(world)
    assert.equal((await world.api.session(direct.id)).status, 'completing', 'until then it is tried again')
    ahead = 25 * HOUR
    await sweep(world)
    for (const { id, fileId } of [direct, secure]) {
      const file = await world.api.file(fileId)
      assert.equal(file.status, 'FAILED')
      assert.match(file.statusReason ?? '', /did not put the file together within a day\. .*failed with 500\. Upload the file again\.$/)
      assert.equal((await world.api.complete(id, digest)).problem.code, 'UPLOAD_CLOSED')
    }
    const [entry] = await entriesOf(world, direct.fileId, 'DIRECT_UPLOAD_ABORT')
    assert.match(`${entry?.result}: ${entry?.details.reason}`, /^failed: .* within a day/)
    assert.equal((await entriesOf(world, secure.fileId, 'UPLOAD_ABORTED')).length, 1)
    const object = (await objectsOf(world.api).get(storedObject.id)).body
    assert.match(`${object.status}: ${object.statusReason}`, /^FAILED: .*failed with 500/)
    refusing = false
    for (const { fileId } of [direct, secure, { fileId: storedObject.id }]) {
      while ((await world.instance.store.read.files.findAny(world.tenant.id, fileId))?.purgedAt === null) await sleep(10)
    }
    await withTarget(world, targetId, async (target) => {
      for await (const write of target.listWrites('direct/', clock.now())) assert.fail(write.key)
    })
    assert.deepEqual(await findingsOf(world), [])
  })
})
