import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type File, MIN_PART_PLAIN_BYTES, type PageOf, type Target, type UploadSession } from '@holdfast/api'
import { type CrashPointName, crashPointNames } from '../src/core/crash-point.ts'
import { EXPIRE_FILES } from '../src/services/expiry.ts'
import { workDirect } from './crash-direct.ts'
import { storeEvidence } from './crash-evidence.ts'
import { reconcilePoints } from './crash-reconcile.ts'
import { syncPoints } from './crash-sync.ts'
import { s3Fields } from './direct-world.ts'
import { type Answer, contentDigest, sha256 } from './file-world.ts'
import { type KillableServer, killableServer } from './killable-server.ts'
import { asked, md5, objectsOf, table } from './objects-kit.ts'
import { type S3World, s3World } from './s3-world.ts'
import { startReceiver } from './webhook-receiver.ts'

const PART = MIN_PART_PLAIN_BYTES

let s3: S3World
before(async () => {
  s3 = await s3World('versitygw')
})
after(() => s3?.[Symbol.asyncDispose]())

/** A client that goes on after every death of the server, and holds the server to whatever it acknowledged. */
function patientClient(server: KillableServer) {
  const { api } = server
  /** Repeats `call` until the server answers; starts the server again where it is dead. */
  async function until<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call()
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
        await Promise.race([server.ended(), sleep(3000)])
        if (!server.running) await server.start()
      }
    }
  }
  const ok = async <T>(call: () => Promise<Answer<T>>): Promise<T> => {
    const { status, body } = await until(call)
    assert.ok(status < 300, JSON.stringify(body))
    return body
  }
  async function sendParts(session: UploadSession, content: Buffer, acknowledged: Map<number, string>): Promise<void> {
    const { receivedParts } = await until(() => api.session(session.id))
    const stored = new Map(receivedParts.map((part) => [part.number, part.sha256]))
    for (const [number, digest] of acknowledged) assert.equal(stored.get(number), digest, `part ${number} was acknowledged and is lost`)
    for (let number = 1; number <= session.partCount; number += 1) {
      if (stored.has(number)) continue
      const bytes = content.subarray((number - 1) * session.partSize, number * session.partSize)
      // What has a declared digest is written after that is right, all else while it is still hashed.
      const declared: Record<string, string> = number % 2 === 0 ? {} : { 'content-digest': contentDigest(bytes) }
      const part = await ok(() => api.put(session.id, number, bytes, declared))
      acknowledged.set(number, part.sha256)
    }
  }
  async function upload(caseId: string, content: Buffer): Promise<File> {
    const session = await until(() => api.initiate({ caseId, name: 'crash.bin', size: content.length }))
    const acknowledged = new Map<number, string>()
    await sendParts(session, content, acknowledged)
    // Once more: after a restart the server still has all that it acknowledged.
    await sendParts(session, content, acknowledged)
    const { id } = await ok(() => api.complete(session.id, sha256(content)))
    return until(() => api.settled(id))
  }
  return { until, ok, upload }
}

/** Everything that has a durable step: uploads, a cancelled one, downloads and a deletion. */
async function work(server: KillableServer, bucket: string): Promise<{ kept: File[]; direct: File }> {
  const { api } = server
  const client = patientClient(server)
  await tellAtLeastOne(server)
  const { id: caseId } = await client.until(() => api.newCase())
  const content = randomBytes(PART + 100_000)
  const kept = await client.upload(caseId, content)
  const cancelled = await client.until(() => api.initiate({ caseId, name: 'cancelled.bin', size: PART + 1 }))
  await client.ok(() => api.put(cancelled.id, 2, Buffer.from('x')))
  await client.ok(() => api.abort(cancelled.id))
  const gone = await client.upload(caseId, randomBytes(50))
  await client.until(async () => {
    const { status } = await api.call('DELETE', `/files/${gone.id}`)
    assert.ok(status === 204 || status === 404)
  })
  await storeObjects(server)
  await storeEvidence(api, client)
  const direct = await workDirect(server, client, { caseId, fields: (prefix) => s3Fields(s3, bucket, prefix), migrateFile })
  await moveAway(server, kept.id)
  const down = await client.until(() => api.bytes(kept.id))
  assert.ok(down.bytes.equals(content))
  return { kept: [kept], direct }
}

const receiver = await startReceiver()
after(() => receiver[Symbol.asyncDispose]())

/** A webhook that takes what it is told. */
async function tellAtLeastOne(server: KillableServer): Promise<void> {
  const { ok, until } = patientClient(server)
  const { items } = await ok(() => server.admin.call<{ items: unknown[] }>('GET', '/webhooks'))
  const body = { url: receiver.url, eventTypes: ['upload.ready'] }
  if (items.length === 0) await until(() => server.admin.call('POST', '/webhooks', { body }))
}

const toldOf = (fileId: string): number => receiver.received.filter(({ body }) => JSON.parse(body).data.id === fileId).length

/** An object of an app that is stored, and one whose bytes are not those that were declared. */
async function storeObjects(server: KillableServer): Promise<void> {
  const { until, ok } = patientClient(server)
  const objects = objectsOf(server.api)
  const bytes = table()
  const receive = async (): Promise<string> => {
    const begun = await ok(() => objects.initiate(asked(bytes)))
    await until(async () => assert.equal((await objects.put(begun, bytes)).status, 204))
    return begun.storedObject.id
  }
  const stored = await receive()
  await ok(() => objects.complete(stored, { checksum: md5(bytes) }))
  assert.equal((await until(() => objects.settled(stored))).status, 'READY')
  const wrong = await receive()
  await until(async () => assert.ok([400, 409].includes((await objects.complete(wrong, { checksum: md5(Buffer.of(1)) })).status)))
  assert.equal((await until(() => objects.get(wrong))).body.status, 'FAILED')
}

/** Moves everything from the target where the file is to the other one. */
async function moveAway(server: KillableServer, fileId: string): Promise<void> {
  const { until, ok } = patientClient(server)
  const { items } = await ok(() => server.admin.call<PageOf<Target>>('GET', '/targets'))
  const from = (await until(() => server.api.file(fileId))).target.id
  const to = items.find((target) => target.id !== from && target.kind === 'local')?.id
  assert.ok(to)
  await migrateFile(server, fileId, { from, to })
}

async function migrateFile(server: KillableServer, fileId: string, { from, to }: { from: string; to: string }): Promise<void> {
  const { until } = patientClient(server)
  const begin = () => server.admin.call<{ id: string }>('POST', '/migrations', { body: { fromTargetId: from, toTargetId: to } })
  // A start that was not answered has begun one already, or its end is here.
  await until(async () => assert.ok([201, 409].includes((await begin()).status)))
  while ((await until(() => server.api.file(fileId))).target.id !== to) await sleep(20)
}

/** Waits until no background job is left to run, so that a check sees the end of it all. */
async function untilQuiet(server: KillableServer): Promise<void> {
  const client = patientClient(server)
  for (;;) {
    const left = await client.until(async () => {
      const queued = await server.admin.call<{ items: unknown[] }>('GET', '/jobs?status=queued')
      const running = await server.admin.call<{ items: unknown[] }>('GET', '/jobs?status=running')
      return queued.body.items.length + running.body.items.length
    })
    if (left === 0) return
    await sleep(20)
  }
}

const atFirstStart: readonly CrashPointName[] = ['migration.before-commit', 'migration.after-commit']
const atExpiry: readonly CrashPointName[] = ['expiry.before-commit', 'expiry.after-commit']
/** Those of the suites crash-sync and crash-reconcile. */
const elsewhere = [...syncPoints, ...reconcilePoints]
const inUse = crashPointNames.filter((name) => !atFirstStart.includes(name) && !atExpiry.includes(name) && !elsewhere.includes(name))
/** Points that one server is killed at, one after another, while it works. */
const PER_SERVER = 5

test('N1: killed at every named point, a restarted server has lost nothing that it acknowledged', { timeout: 1_800_000 }, async (t) => {
  const hit = new Set<string>()
  for (let from = 0; from < inUse.length; from += PER_SERVER) {
    const points = inUse.slice(from, from + PER_SERVER)
    await t.test(`S9 N1: killed at ${points.join(', ')}`, async () => {
      const env = { HOLDFAST_ALLOW_LOCAL_WEBHOOKS: '1', HOLDFAST_ALLOW_LOCAL_TARGETS: '1' }
      await using server = await killableServer({ points, env })
      const bucket = await s3.bucket()
      await server.start()
      while (server.pointsLeft > 0 || server.armed) {
        const { kept, direct } = await work(server, bucket)
        await untilQuiet(server)
        for (const file of kept) {
          await toldOnce(server, file, secureActions)
          assert.ok(toldOf(file.id) >= 1, 'what became READY is told')
        }
        await toldOnce(server, direct, directActions)
      }
      assert.deepEqual(
        server.kills,
        points.map(() => 'SIGKILL'),
      )
      for (const point of points) hit.add(point)
      await server.kill('SIGTERM')
      assert.deepEqual((await server.check()).findings, [])
    })
  }
  for (const point of atFirstStart) {
    await t.test(`N1: killed at ${point}, at the first start`, async () => {
      await using server = await killableServer({ prepared: false, points: [point] })
      await server.start()
      assert.equal(await server.ended(), 'SIGKILL')
      hit.add(point)
      assert.equal(await server.start(), true)
      await server.kill('SIGTERM')
      assert.deepEqual((await server.check()).findings, [])
    })
  }
  for (const point of atExpiry) {
    await t.test(`O8 N1: killed at ${point}`, () => killedAtExpiry(point))
    hit.add(point)
  }
  assert.deepEqual([...hit, ...elsewhere].sort(), [...crashPointNames].sort(), 'every point is reached')
})

/** A file that has expired is deleted once, whatever happens meanwhile, and told of once. */
async function killedAtExpiry(point: CrashPointName): Promise<void> {
  // The first start is not armed.
  await using server = await killableServer({ points: ['', point] })
  await server.start()
  const client = patientClient(server)
  const { id: caseId } = await client.until(() => server.api.newCase())
  const file = await client.upload(caseId, randomBytes(100))
  await server.kill('SIGTERM')
  await server.withInstance(async ({ database, store }) => {
    await database.writer.updateTable('files').set({ expires_at: 1, retention: 'TEMP_UPLOAD_24H' }).where('id', '=', file.id).execute()
    await store.transaction((tx) => tx.jobs.enqueue({ kind: EXPIRE_FILES, tenantId: null, payload: {} }))
  })
  await server.start()
  assert.equal(await server.ended(), 'SIGKILL')
  await server.start()
  await client.until(async () => {
    while ((await server.api.call('GET', `/files/${file.id}`)).status !== 404) await sleep(20)
  })
  await untilQuiet(server)
  const { body } = await server.admin.call<{ items: { action: string }[] }>('GET', `/audit/entries?fileId=${file.id}`)
  assert.equal(body.items.filter((entry) => entry.action === 'OBJECT_EXPIRED').length, 1)
  await server.kill('SIGTERM')
  assert.deepEqual((await server.check()).findings, [])
}

const secureActions = ['UPLOAD_INITIATED', 'UPLOAD_COMPLETED', 'SHA256_COMPUTED']
const directActions = ['DIRECT_UPLOAD_INIT', 'DIRECT_UPLOAD_COMPLETE', 'DIRECT_HASH_BROWSER_DECLARED', 'DIRECT_HASH_VERIFIED']

async function toldOnce(server: KillableServer, file: File, actions: readonly string[]): Promise<void> {
  const { body } = await server.admin.call<{ items: { action: string }[] }>('GET', `/audit/entries?fileId=${file.id}`)
  for (const action of actions) {
    assert.equal(body.items.filter((entry) => entry.action === action).length, 1, action)
  }
}

const RANDOM_KILLS = 8

test('S9 N1: killed at random moments while uploads run, every upload still finishes with its digest', { timeout: 600_000 }, async () => {
  await using server = await killableServer()
  await server.start()
  const client = patientClient(server)
  const { id: caseId } = await client.until(() => server.api.newCase())
  const killing = (async () => {
    for (let kills = 0; kills < RANDOM_KILLS; ) {
      if (server.listening) {
        await sleep(20 + Math.random() * 600)
        await server.kill()
        kills += 1
      } else await sleep(10)
    }
  })()
  const files: File[] = []
  while (server.kills.length < RANDOM_KILLS) files.push(await client.upload(caseId, randomBytes(2 * PART + files.length)))
  await killing
  if (!server.running) await server.start()
  await untilQuiet(server)
  for (const file of files) await toldOnce(server, file, secureActions)
  await server.kill('SIGTERM')
  assert.deepEqual((await server.check()).findings, [])
})
