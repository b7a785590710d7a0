import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkInstance } from '../src/check-instance.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { bindObjects, type ObjectBackend, type ObjectPlace, objectBackends } from './object-backends.ts'
import { asked, md5, type Objects, objectsOf, table } from './objects-kit.ts'
import { movableClock, type TestClock } from './test-clock.ts'

for (const backend of [objectBackends.samba, objectBackends.sshd]) shareSuite(backend)

/** Targets that sign no URLs of their own: this server does, and seals what it takes. */
function shareSuite(backend: ObjectBackend): void {
  suite(`objects on ${backend.name}`, () => {
    let place: ObjectPlace
    let world: FileWorld
    let clock: TestClock
    let objects: Objects
    let targetId: string
    before(async () => {
      place = await backend.start()
      clock = movableClock()
      world = await openFileWorld({ clock })
      targetId = await bindObjects(world, place)
      objects = objectsOf(world.api)
    })
    after(async () => {
      await world?.[Symbol.asyncDispose]()
      await place?.[Symbol.asyncDispose]()
    })

    const row = (id: string) => world.instance.store.read.files.findAny(world.tenant.id, id)
    async function raw(key: string): Promise<Uint8Array | null> {
      await using lease = await world.instance.targets.lease(world.tenant.id, targetId)
      const stat = await lease.target.stat(key)
      return stat && lease.target.read(key, 0, stat.size)
    }

    test('O1 O7 O12: three calls store an object through this server, sealed at rest, and a signed URL reads it, whole or in part', async () => {
      const bytes = table(3_000_000)
      const begun = await objects.received(bytes)
      assert.ok(begun.uploadUrl.startsWith(`${world.origin}/`), 'the URL is of this server')
      const { id, storageKey } = begun.storedObject
      assert.equal((await objects.complete(id, { checksum: md5(bytes) })).body.status, 'SCANNING')
      const stored = await objects.settled(id)
      assert.deepEqual([stored.status, stored.checksums.sha256, stored.protection], ['READY', sha256(bytes), 'sealed'])
      assert.match(storageKey, new RegExp(`^tenants/${world.tenant.id}/User/usr_123/${id}$`))
      const sealed = await raw(storageKey)
      assert.ok(sealed && !Buffer.from(sealed).includes(bytes.subarray(0, 64)), 'no plaintext lies there')
      const { body } = await objects.downloadUrl(id)
      assert.ok(body.downloadUrl.startsWith(`${world.origin}/`))
      const whole = await fetch(body.downloadUrl)
      assert.match(whole.headers.get('content-disposition') ?? '', /^attachment; filename=report\.csv/)
      assert.ok(Buffer.from(await whole.arrayBuffer()).equals(bytes))
      const part = await fetch(body.downloadUrl, { headers: { range: 'bytes=1048570-1048585' } })
      assert.equal(part.status, 206)
      assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1_048_570, 1_048_586)))
    })

    test('O5: a signed upload URL holds for its length and type and until it expires, and a download URL until then', async () => {
      const bytes = table(1000)
      const { body: begun } = await objects.initiate(asked(bytes))
      assert.equal((await objects.put(begun, bytes.subarray(1))).ok, false)
      assert.equal((await objects.put(begun, bytes, { 'content-type': 'image/png' })).ok, false)
      const forged = begun.uploadUrl.replace(/signature=./, (found) => (found.endsWith('A') ? 'signature=B' : 'signature=A'))
      assert.equal((await objects.put({ ...begun, uploadUrl: forged }, bytes)).status, 403)
      assert.equal((await objects.put(begun, bytes)).ok, true)
      await objects.complete(begun.storedObject.id)
      await objects.settled(begun.storedObject.id)
      const { body: late } = await objects.initiate(asked(bytes))
      const { downloadUrl } = (await objects.downloadUrl(begun.storedObject.id)).body
      clock.advance(901_000)
      assert.equal((await objects.put(late, bytes)).status, 400)
      assert.equal((await fetch(downloadUrl)).status, 400)
    })

    test('O7 O13: bytes of another checksum are refused, and nothing of them stays', async () => {
      const bytes = table(2000)
      const { storedObject } = await objects.received(bytes)
      const refused = await objects.complete(storedObject.id, { checksum: md5(randomBytes(5)) })
      assert.deepEqual([refused.status, refused.problem.code], [400, 'CHECKSUM_MISMATCH'])
      while ((await row(storedObject.id))?.purgedAt === null) await sleep(10)
      assert.equal(await raw(storedObject.storageKey), null)
    })

    test('O11: a deleted object is in no list, cannot be had, and its bytes go', async () => {
      const stored = await objects.store(table(5000), { ownerEntityId: 'usr_gone' })
      const { downloadUrl } = (await objects.downloadUrl(stored.id)).body
      assert.equal((await world.api.call('DELETE', `/uploads/${stored.id}`)).status, 204)
      const listed = await world.api.call<{ items: unknown[] }>('GET', '/uploads?ownerEntityType=User&ownerEntityId=usr_gone')
      assert.deepEqual(listed.body.items, [])
      assert.equal((await objects.get(stored.id)).status, 404)
      assert.equal((await fetch(downloadUrl)).status, 404)
      clock.advance(600_000)
      while ((await row(stored.id))?.purgedAt === null) await sleep(10)
      assert.equal(await raw(stored.storageKey), null)
      const whole = { full: true, signal: new AbortController().signal }
      assert.deepEqual((await checkInstance(world.instance, whole)).findings, [])
    })
  })
}
