import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClamdServer, eicar, startClamd } from '../../../test/servers/clamd.ts'
import { checkInstance } from '../src/check-instance.ts'
import { StorageError, type StorageTarget } from '../src/storage/target.ts'
import { asked, evidenceOf, quarantineCleared, rowOf } from './evidence-kit.ts'
import { type FileWorld, type FileWorldOptions, openFileWorld, sha256 } from './file-world.ts'

const octets = { contentType: 'application/octet-stream', filename: 'scan.bin' } as const
const problems = async (world: FileWorld, full = true) =>
  (await checkInstance(world.instance, { full, signal: new AbortController().signal })).findings

/** A server whose objects' target does what `change` makes of it; `now` lets a test switch it while it runs. */
async function openChanged(change: (target: StorageTarget) => Partial<StorageTarget>, options: FileWorldOptions = {}): Promise<FileWorld> {
  return await openFileWorld({ ...options, wrap: (target) => Object.assign(Object.create(target), change(target)) as StorageTarget })
}

test('C3: a target that fails at every step of a promotion delays it, and what counts in the end is the one proven object', async () => {
  let left = 0
  const failing = new Map<string, number>()
  const world = await openChanged((target) => {
    const once = (step: string): void => {
      const seen = failing.get(step) ?? 0
      failing.set(step, seen + 1)
      if (seen === 0) {
        left += 1
        throw new StorageError('unavailable', 'The target is away for a moment')
      }
    }
    const isFinal = (key: string): boolean => key.startsWith('orgs/')
    return {
      async beginWrite(key, size, o) {
        if (isFinal(key)) once('begin')
        return target.beginWrite(key, size, o)
      },
      async writePart(key, write, part, o) {
        if (isFinal(key)) once('part')
        return target.writePart(key, write, part, o)
      },
      async commitWrite(key, write, receipts, o) {
        const stat = await target.commitWrite(key, write, receipts, o)
        if (isFinal(key)) once('commit')
        return stat
      },
      async read(key, offset, length, o) {
        if (isFinal(key)) once('proof')
        return target.read(key, offset, length, o)
      },
    }
  })
  await using _ = world
  const evidence = evidenceOf(world.api)
  const bytes = randomBytes(40_000)
  const { id } = await evidence.store(bytes, octets)
  assert.equal(left, 4)
  await quarantineCleared(world, id)
  assert.deepEqual(await problems(world), [])
  assert.equal((await evidence.verify(id)).body.ok, true)
})

test('C3: a copy that is not the object that was judged never counts', async () => {
  let spoil = 1
  const world = await openChanged((target) => ({
    async writePart(key, write, part, o) {
      const isSpoiled = key.startsWith('orgs/') && spoil-- > 0
      return target.writePart(key, write, isSpoiled ? { ...part, bytes: new Uint8Array(part.bytes.length) } : part, o)
    },
  }))
  await using _ = world
  const evidence = evidenceOf(world.api)
  const bytes = randomBytes(40_000)
  const asset = await evidence.store(bytes, octets)
  assert.deepEqual([asset.status, spoil < 1], ['verified', true])
  const { url } = (await evidence.sign(asset.id)).body
  assert.equal(sha256(Buffer.from(await (await fetch(url)).arrayBuffer())), sha256(bytes))
  await quarantineCleared(world, asset.id)
  assert.deepEqual(await problems(world), [])
})

test('C3: an asset that is deleted while it is being promoted leaves nothing at either key', async () => {
  let reached: () => void = () => {}
  const copying = new Promise<void>((resolve) => {
    reached = resolve
  })
  let goOn: () => void = () => {}
  const released = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const world = await openChanged((target) => ({
    async commitWrite(key, write, receipts, o) {
      if (key.startsWith('orgs/')) {
        reached()
        await released
      }
      return target.commitWrite(key, write, receipts, o)
    },
  }))
  await using _ = world
  const evidence = evidenceOf(world.api)
  const bytes = randomBytes(1000)
  const { asset, intent } = await evidence.received(bytes, octets)
  await evidence.complete(intent.id)
  await copying
  assert.equal((await evidence.remove(asset.id)).status, 204)
  while ((await rowOf(world, asset.id)).file.purgedAt === null) await sleep(10)
  goOn()
  const { finalKey, quarantineKey, targetId } = await rowOf(world, asset.id)
  await using lease = await world.instance.targets.lease(world.tenant.id, targetId)
  const jobsLeft = async () => (await world.tenant.api.admin.call<{ items: unknown[] }>('GET', '/jobs?status=running')).body.items.length
  while ((await jobsLeft()) > 0) await sleep(10)
  assert.deepEqual([await lease.target.stat(finalKey), await lease.target.stat(quarantineKey)], [null, null])
  assert.equal((await evidence.get(asset.id)).body.status, 'deleted')
  assert.deepEqual(await problems(world), [])
})

let clamd: ClamdServer
before(async () => {
  clamd = await startClamd()
})
after(() => clamd?.stop())

test('C2 C6 O17: malware is blocked and stays in quarantine; what only looks odd is kept as suspicious, for download alone; what is clean says so', async () => {
  await using world = await openFileWorld({ clamd: { host: clamd.host, port: clamd.port } })
  const evidence = evidenceOf(world.api)
  const blocked = await evidence.store(Buffer.from(eicar), octets)
  assert.deepEqual([blocked.status, blocked.scanStatus, blocked.verifiedAt], ['uploaded', 'blocked', null])
  for (const answer of [await evidence.link(blocked.id), await evidence.sign(blocked.id)]) {
    assert.deepEqual([answer.status, answer.problem.code], [409, 'OBJECT_REJECTED'])
    assert.match(answer.problem.detail, /malware/i)
  }
  assert.equal((await world.api.call('POST', `/uploads/${blocked.id}/download-url`)).status, 409)
  assert.match((await rowOf(world, blocked.id)).file.objectKey, /^quarantine\//)
  const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(100)])
  const odd = await evidence.store(png, { contentType: 'image/jpeg', filename: 'photo.jpg' })
  assert.deepEqual([odd.status, odd.scanStatus], ['verified', 'suspicious'])
  assert.equal((await evidence.link(odd.id)).status, 201)
  const shown = await fetch((await evidence.sign(odd.id, 'inline')).body.url)
  assert.match(shown.headers.get('content-disposition') ?? '', /^attachment/)
  await shown.arrayBuffer()
  const clean = await evidence.store(Buffer.from('plain words'))
  assert.deepEqual([clean.status, clean.scanStatus], ['verified', 'clean'])
  const inline = await fetch((await evidence.sign(clean.id, 'inline')).body.url)
  assert.match(inline.headers.get('content-disposition') ?? '', /^inline/)
  await inline.arrayBuffer()
  for (const { id } of [odd, clean]) await quarantineCleared(world, id)
  assert.deepEqual(await problems(world), [])
})

test('C3: check finds an asset in quarantine that counts as verified, and a quarantine that nobody clears', async () => {
  await using world = await openFileWorld({ working: false })
  const evidence = evidenceOf(world.api)
  const { asset } = await evidence.received(Buffer.from('x'), asked(Buffer.from('x')))
  const { store } = world.instance
  await store.transaction(async (tx) => {
    await tx.files.become({ tenantId: world.tenant.id, id: asset.id }, 'SCANNING')
    await tx.files.become({ tenantId: world.tenant.id, id: asset.id }, 'READY')
  })
  const found = async () => (await problems(world, false)).map(({ invariant }) => invariant)
  assert.ok((await found()).includes('asset-place'))
  await store.transaction((tx) => tx.assets.settle({ tenantId: world.tenant.id, id: asset.id }, { scanStatus: 'clean', promotedAt: 1 }))
  assert.ok((await found()).includes('job-lost'))
})
