import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Migration, Move, ObjectInitiated, PageOf, RoleBinding, StoredObject, Target, TargetTestResult } from '@holdfast/api'
import { checkInstance } from '../src/check-instance.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { movableClock, type TestClock } from './http-world.ts'
import { asked, md5, type Objects, objectsOf, table } from './objects-kit.ts'
import { type S3World, s3World } from './s3-world.ts'

for (const name of ['versitygw', 'minio'] as const) describe(`objects in a bucket of ${name}`, () => bucketSuite(name))

function bucketSuite(name: 'versitygw' | 'minio'): void {
  let s3: S3World
  let world: FileWorld
  let clock: TestClock
  let objects: Objects
  let bucket: string
  before(async () => {
    s3 = await s3World(name)
    clock = movableClock()
    world = await openFileWorld({ clock })
    objects = objectsOf(world.api)
    bucket = await s3.bucket()
    await bindBucket()
  })
  after(async () => {
    await world?.[Symbol.asyncDispose]()
    await s3?.[Symbol.asyncDispose]()
  })

  async function bindBucket(): Promise<void> {
    const { admin } = world.tenant.api
    const { endpoint, region, accessKeyId, secretAccessKey } = s3.server
    const body = {
      name: 'Bucket',
      kind: 's3',
      place: { endpoint, region, bucket, prefix: 'apps' },
      credentials: { accessKeyId, secretAccessKey },
    }
    const target = (await admin.call<Target>('POST', '/targets', { body })).body
    assert.equal((await admin.call<TargetTestResult>('POST', `/targets/${target.id}/test`, { body: {} })).body.ok, true)
    const bound = await admin.call<RoleBinding>('PUT', '/roles/objects', { body: { targetId: target.id } })
    assert.equal(bound.status, 200)
  }
  const keyOf = ({ storageKey }: Pick<StoredObject, 'storageKey'>): string => `apps/${storageKey}`
  const exists = async (stored: Pick<StoredObject, 'storageKey'>): Promise<boolean> =>
    (await s3.admin.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: keyOf(stored) }))).KeyCount === 1
  const begin = async (bytes: Uint8Array): Promise<ObjectInitiated> => (await objects.initiate(asked(bytes))).body

  test('O1 O12: the bytes go straight to the bucket, lie there as they are, and are read straight from it', async () => {
    const bytes = table(300_000)
    const begun = await begin(bytes)
    assert.ok(begun.uploadUrl.startsWith(s3.server.endpoint))
    const stored = await objects.store(bytes)
    assert.deepEqual([stored.status, stored.checksums.sha256], ['READY', sha256(bytes)])
    assert.notEqual(stored.protection, 'sealed')
    const raw = await s3.admin.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(stored) }))
    assert.ok(Buffer.from((await raw.Body?.transformToByteArray()) ?? []).equals(bytes))
    const { downloadUrl } = (await objects.downloadUrl(stored.id)).body
    assert.ok(downloadUrl.startsWith(s3.server.endpoint))
    const down = await fetch(downloadUrl)
    assert.match(down.headers.get('content-disposition') ?? '', /^attachment; filename="?report.csv/)
    assert.ok(Buffer.from(await down.arrayBuffer()).equals(bytes))
    const through = await world.api.bytes(stored.id, { range: 'bytes=10-19' })
    assert.ok(through.bytes.equals(bytes.subarray(10, 20)))
  })

  test('O5: a presigned URL is refused for another type, length, key or method, and after it has expired', async () => {
    const bytes = table()
    const begun = await begin(bytes)
    const sibling = await begin(bytes)
    const refused = async (answer: Promise<Response>, why: string) => assert.ok([400, 403].includes((await answer).status), why)
    await refused(objects.put(begun, bytes, { 'content-type': 'text/html' }), 'type')
    await refused(objects.put(begun, Buffer.concat([bytes, bytes])), 'length')
    await refused(
      objects.put({ ...begun, uploadUrl: begun.uploadUrl.replace(begun.storedObject.id, sibling.storedObject.id) }, bytes),
      'key',
    )
    await refused(fetch(begun.uploadUrl), 'method')
    assert.equal(await exists(begun.storedObject), false)
    clock.advance(-400_000)
    const late = await begin(bytes)
    clock.advance(400_000)
    await refused(objects.put(late, bytes), 'expiry')
    assert.equal((await objects.complete(late.storedObject.id)).problem.code, 'UPLOAD_URL_EXPIRED')
    assert.equal((await objects.complete(begun.storedObject.id)).problem.code, 'OBJECT_NOT_RECEIVED')
  })

  test('O5: the URL of an object that is stored does not replace it; where the bucket allowed it, nobody reads the other one', async () => {
    const bytes = table()
    const begun = await objects.received(bytes)
    assert.equal((await objects.complete(begun.storedObject.id, { checksum: md5(bytes) })).status, 200)
    const ready = await objects.settled(begun.storedObject.id)
    const other = Buffer.from(bytes.toString().replace('Ada', 'Eve'))
    const again = await objects.put(begun, other)
    const { downloadUrl } = (await objects.downloadUrl(ready.id)).body
    if (again.ok) {
      assert.equal(downloadUrl, undefined)
      assert.equal((await objects.get(ready.id)).body.status, 'DAMAGED')
      await world.api.call('DELETE', `/uploads/${ready.id}`)
    } else assert.ok(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer()).equals(bytes))
  })

  test('O7: MD5 of another file is a 400 and the object is gone; a digest that is known beforehand binds the URL', async () => {
    const bytes = table()
    const { storedObject } = await objects.received(bytes)
    assert.equal(await exists(storedObject), true)
    assert.equal((await objects.complete(storedObject.id, { checksum: md5(Buffer.of(1)) })).problem.code, 'CHECKSUM_MISMATCH')
    assert.equal(await exists(storedObject), false)
    const bound = (await objects.initiate(asked(bytes, { checksums: { sha256: sha256(bytes) } }))).body
    const other = Buffer.from(bytes.toString().replace('Ada', 'Eve'))
    assert.equal((await objects.put(bound, other)).ok, false)
    assert.equal((await objects.put(bound, bytes)).ok, true)
    assert.equal((await objects.complete(bound.storedObject.id)).status, 200)
    assert.equal((await objects.settled(bound.storedObject.id)).status, 'READY')
  })

  test('O7: an object that others replace in the bucket is found out before it is handed out', async () => {
    const stored = await objects.store(table())
    const swapped = Buffer.from(table().toString().replace('Ada', 'Eve'))
    await s3.admin.send(new PutObjectCommand({ Bucket: bucket, Key: keyOf(stored), Body: swapped }))
    assert.equal((await objects.downloadUrl(stored.id)).problem.code, 'FILE_DAMAGED')
    assert.equal((await objects.get(stored.id)).body.status, 'DAMAGED')
    await world.api.call('DELETE', `/uploads/${stored.id}`)
  })

  test('O2: a class of the tier secure is sealed, in a bucket too', async () => {
    const { admin } = world.tenant.api
    const objectClass = `SEALED_${randomUUID().slice(0, 6).toUpperCase()}`
    await admin.call('POST', '/object-classes', { body: { name: objectClass, contentTypes: ['text/csv'], maxBytes: 1000, tier: 'secure' } })
    const stored = await objects.store(table(), { objectClass })
    assert.deepEqual([stored.status, stored.protection], ['READY', 'sealed'])
    const head = await s3.admin.send(new HeadObjectCommand({ Bucket: bucket, Key: keyOf(stored) }))
    assert.ok((head.ContentLength ?? 0) > table().length)
  })

  test('R5: an unsealed object is not moved to where it would lie in plain, and stays readable', async () => {
    const stored = await objects.store(table())
    const { admin } = world.tenant.api
    const { items } = (await admin.call<PageOf<Target>>('GET', '/targets')).body
    const bucketTarget = items.find((target) => target.kind === 's3')
    const between = { fromTargetId: bucketTarget?.id, toTargetId: world.tenant.targetId }
    const { id } = (await admin.call<Migration>('POST', '/migrations', { body: between })).body
    await untilNotRunning(id)
    const { items: moves } = (await admin.call<PageOf<Move>>('GET', `/migrations/${id}/moves?status=failed`)).body
    assert.match(moves.find((move) => move.fileId === stored.id)?.error ?? '', /not sealed/)
    assert.ok(await exists(stored))
    assert.equal((await objects.get(stored.id)).body.status, 'READY')
  })

  async function untilNotRunning(id: string): Promise<void> {
    while ((await world.tenant.api.admin.call<Migration>('GET', `/migrations/${id}`)).body.status === 'running') await sleep(20)
  }

  test('X9: a check reads every object of the bucket and finds nothing wrong', async () => {
    const report = await checkInstance(world.instance, { full: true, signal: new AbortController().signal })
    assert.deepEqual(report.findings, [])
  })
}
