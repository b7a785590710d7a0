import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Asset } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { asked, type Evidence, evidenceOf, quarantineCleared, record, rowOf } from './evidence-kit.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { movableClock, type TestClock } from './http-world.ts'
import { bindObjects, type ObjectPlace, objectBackends } from './object-backends.ts'

const backends = [objectBackends.local, objectBackends.versitygw, objectBackends.minio, objectBackends.samba]
const octets = { contentType: 'application/octet-stream', filename: 'scan.bin' } as const
const withoutTimes = ({ id: _i, createdAt: _c, verifiedAt: _v, createdBy: _b, checksum: _s, ...rest }: Asset) => rest
/** What the calls answered, without what is another each time; the same on every backend. */
const answers = new Map<string, unknown>()

for (const backend of backends) {
  suite(`the evidence contract on ${backend.name}`, () => {
    let place: ObjectPlace
    let world: FileWorld
    let evidence: Evidence
    let clock: TestClock
    before(async () => {
      place = await backend.start()
      clock = movableClock()
      world = await openFileWorld({ clock })
      evidence = evidenceOf(world.api)
      await bindObjects(world, place)
    })
    after(async () => {
      await world?.[Symbol.asyncDispose]()
      await place?.[Symbol.asyncDispose]()
    })

    const findings = async () => (await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings
    const lies = async (key: string): Promise<number | null> => {
      const { targetId } = (await world.instance.store.read.roleBindings.find(world.tenant.id, 'objects')) ?? { targetId: '' }
      await using lease = await world.instance.targets.lease(world.tenant.id, targetId)
      return (await lease.target.stat(key))?.size ?? null
    }

    test('C7 C2: the same calls have the same results', async () => {
      const bytes = Buffer.alloc(700_000, 'evidence ')
      const made = await evidence.received(bytes, { checksum: sha256(bytes).toUpperCase() })
      const unready = [(await evidence.link(made.asset.id)).problem.code, (await evidence.sign(made.asset.id)).problem.code]
      const done = await evidence.complete(made.intent.id, sha256(bytes))
      const asset = await evidence.settled(made.asset.id)
      const link = (await evidence.link(asset.id)).body
      const signed = (await evidence.sign(asset.id)).body
      const down = Buffer.from(await (await fetch(signed.url)).arrayBuffer())
      assert.ok(down.equals(bytes))
      const checked = (await evidence.verify(asset.id)).body
      const { version: _, ...view } = withoutTimes(asset)
      answers.set(backend.name, {
        ...{
          unready,
          done: [done.status, done.body.asset.status, done.body.intent.status],
          view,
          checksum: asset.checksum === sha256(bytes),
        },
        ...{ link: [link.app, link.sourceType, link.sourceId, link.kind], signed: [signed.filename, signed.size, signed.contentType] },
        checked: [checked.ok, checked.diagnostics],
      })
      assert.deepEqual(answers.get(backend.name), [...answers.values()][0])
      assert.deepEqual(record.sourceType, link.sourceType)
    })

    test('C2 C4: a checksum that the bytes do not have makes no asset, told beforehand or at completion', async () => {
      const bytes = randomBytes(1000)
      const wrong = sha256(randomBytes(5))
      const late = await evidence.received(bytes, octets)
      assert.equal((await evidence.complete(late.intent.id, wrong)).problem.code, 'CHECKSUM_MISMATCH')
      const bound = (await evidence.intend(asked(bytes, { ...octets, checksum: wrong }))).body
      const sent = await evidence.put(bound, bytes)
      const code = (await evidence.complete(bound.intent.id)).problem.code
      if (place.s3) assert.deepEqual([sent.ok, code], [false, 'OBJECT_NOT_RECEIVED'], 'a bucket does not even take them')
      else assert.deepEqual([sent.ok, code], [true, 'CHECKSUM_MISMATCH'])
    })

    test('C2: bytes of another length or type are refused, and a completion without bytes says what to do', async () => {
      const bytes = randomBytes(1000)
      const made = (await evidence.intend(asked(bytes, octets))).body
      assert.equal((await evidence.put(made, randomBytes(999))).ok, false)
      assert.equal((await evidence.put(made, bytes, { 'content-type': 'image/png' })).ok, false)
      const early = await evidence.complete(made.intent.id)
      assert.deepEqual([early.status, early.problem.code], [409, 'OBJECT_NOT_RECEIVED'])
      assert.equal((await evidence.put(made, bytes)).ok, true)
      assert.equal((await evidence.complete(made.intent.id)).status, 200)
      assert.equal((await evidence.settled(made.asset.id)).status, 'verified')
    })

    if (backend.name === 'versitygw' || backend.name === 'MinIO') {
      test('C3: who still holds the upload URL can replace what is in quarantine, and never the verified object', async () => {
        const { world: s3, bucket } = place.s3!
        const bytes = randomBytes(50_000)
        const { asset, intent } = await evidence.received(bytes, octets)
        await evidence.complete(intent.id)
        await evidence.settled(asset.id)
        const { quarantineKey } = await rowOf(world, asset.id)
        const other = randomBytes(50_000)
        await s3.admin.send(new PutObjectCommand({ Bucket: bucket, Key: quarantineKey, Body: other }))
        assert.equal((await evidence.verify(asset.id)).body.ok, true)
        const { url } = (await evidence.sign(asset.id)).body
        assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes))
      })

      test('C4: what a client claims in metadata is not believed: the stored bytes are read', async () => {
        const { world: s3, bucket } = place.s3!
        const claimed = randomBytes(2000)
        const made = (await evidence.intend(asked(claimed, { ...octets, checksum: sha256(claimed) }))).body
        const { quarantineKey } = await rowOf(world, made.asset.id)
        const Metadata = { sha256: sha256(claimed), checksum: sha256(claimed), 'checksum-sha256': sha256(claimed) }
        await s3.admin.send(new PutObjectCommand({ Bucket: bucket, Key: quarantineKey, Body: randomBytes(2000), Metadata }))
        assert.equal((await evidence.complete(made.intent.id, sha256(claimed))).problem.code, 'CHECKSUM_MISMATCH')
      })

      test('C4: a known checksum is bound to the single PUT, by value and algorithm, and kept by the backend', async () => {
        const { world: s3, bucket } = place.s3!
        const bytes = randomBytes(2000)
        const made = (await evidence.intend(asked(bytes, { ...octets, checksum: sha256(bytes) }))).body
        const base64 = Buffer.from(sha256(bytes), 'hex').toString('base64')
        assert.equal(made.upload?.headers['x-amz-checksum-sha256'], base64)
        assert.equal(made.upload?.headers['x-amz-sdk-checksum-algorithm'], 'SHA256')
        assert.equal((await evidence.put(made, bytes, { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') })).ok, false)
        assert.equal((await evidence.put(made, bytes)).ok, true)
        const { quarantineKey } = await rowOf(world, made.asset.id)
        const head = await s3.admin.send(new HeadObjectCommand({ Bucket: bucket, Key: quarantineKey, ChecksumMode: 'ENABLED' }))
        assert.equal(head.ChecksumSHA256, base64)
      })
    }

    // Last, since it puts the clock forward, and a bucket has its own.
    test('C3: the object is at its final key once verified, and nothing stays in quarantine after its URL has expired', async () => {
      const asset = await evidence.store(randomBytes(9_000_000), octets)
      assert.equal(asset.status, 'verified')
      const { file, quarantineKey, finalKey } = await rowOf(world, asset.id)
      assert.deepEqual([file.objectKey, await lies(finalKey)], [finalKey, file.objectSize])
      clock.advance(600_000)
      const every = { before: null, limit: 100 }
      const { assets } = world.instance.store.read
      for (const { id } of await assets.list({ tenantId: world.tenant.id, status: 'verified' }, every)) await quarantineCleared(world, id)
      for (const { id } of await assets.list({ tenantId: world.tenant.id, status: 'deleted' }, every)) {
        while ((await rowOf(world, id)).file.purgedAt === null) await sleep(10)
      }
      assert.equal(await lies(quarantineKey), null)
      assert.deepEqual(await findings(), [])
    })
  })
}
