import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { Target } from '@holdfast/api'
import type { StorageTarget } from '../src/storage/target.ts'
import { evidenceOf, rowOf } from './evidence-kit.ts'
import { openFileWorld } from './file-world.ts'
import { s3World } from './s3-world.ts'

const octets = { contentType: 'application/octet-stream', filename: 'scan.bin' } as const

for (const name of ['versitygw', 'minio'] as const) {
  test(`C3: on ${name} an object that is replaced between its judgement and its promotion is not promoted`, async () => {
    await using s3 = await s3World(name)
    const bucket = await s3.bucket()
    const replace = (key: string) => s3.admin.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: randomBytes(5000) }))
    let replaced = 0
    const wrap = (target: StorageTarget): StorageTarget => {
      if (target.serverCopy === null) return target
      const { serverCopy } = target
      const copy: typeof serverCopy.copy = async (from, to, o) => {
        await replace(from)
        replaced += 1
        return serverCopy.copy(from, to, o)
      }
      return Object.assign(Object.create(target), { serverCopy: { copy } }) as StorageTarget
    }
    await using world = await openFileWorld({ wrap })
    const { endpoint, region, accessKeyId, secretAccessKey } = s3.server
    const fields = { kind: 's3', name: 'Bucket', place: { endpoint, region, bucket }, credentials: { accessKeyId, secretAccessKey } }
    const admin = world.tenant.api.admin
    const { id: targetId } = (await admin.call<Target>('POST', '/targets', { body: fields })).body
    await admin.call('PUT', '/roles/objects', { body: { targetId, staged: false } })
    const evidence = evidenceOf(world.api)
    const { asset, intent } = await evidence.received(randomBytes(5000), octets)
    assert.equal((await evidence.complete(intent.id)).status, 200)
    while ((await rowOf(world, asset.id)).file.status === 'SCANNING') await sleep(10)
    const { file, finalKey } = await rowOf(world, asset.id)
    assert.deepEqual([file.status, replaced], ['FAILED', 1])
    await using lease = await world.instance.targets.lease(world.tenant.id, targetId)
    assert.equal(await lease.target.stat(finalKey), null)
    assert.equal((await evidence.get(asset.id)).body.status, 'deleted')
    assert.equal((await evidence.sign(asset.id)).problem.code, 'FILE_NOT_READY')
  })
}
