import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type File, MIN_PART_PLAIN_BYTES, type Migration, type Move, type PageOf, type Target } from '@holdfast/api'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { bindDirect, directApi, entriesOf, findingsOf, keyOf, smbFields, withTarget } from './direct-world.ts'
import { contentDigest, type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { slowPart } from './slow-part.ts'

const PART = MIN_PART_PLAIN_BYTES

describe('the direct tier on a share', () => {
  let samba: SambaServer
  before(async () => {
    samba = await startSamba('encryption-required')
  })
  after(() => samba?.stop())

  let folders = 0
  async function open(options: Parameters<typeof openFileWorld>[0] = {}): Promise<FileWorld & { target: Target; folder: string }> {
    const world = await openFileWorld(options)
    folders += 1
    const folder = `world${folders}`
    samba.smbclient(`mkdir ${folder}`)
    return Object.assign(world, { folder, target: await bindDirect(world, smbFields(samba, folder)) })
  }

  test('D14: names that differ by case alone never overwrite each other, and names that no share can hold come through', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const lower = await direct.upload({ caseId, name: 'report.txt' }, Buffer.from('lower'))
    const upper = await direct.upload({ caseId, name: 'REPORT.TXT' }, Buffer.from('upper'))
    assert.ok((await keyOf(world, upper.id)).endsWith('/REPORT (2).TXT'))
    for (const [file, content] of [
      [lower, 'lower'],
      [upper, 'upper'],
    ] as const)
      assert.equal((await world.api.bytes(file.id)).bytes.toString(), content)
    await direct.started({ caseId, name: 'Flying.bin', size: 1 })
    assert.equal((await direct.begin({ caseId, name: 'fLYING.bin', size: 1 })).status, 409)
    for (const name of ['a:b*?.txt', 'con', 'nul.txt', 'dot.', 'space ', '.hf-x', `${'名'.repeat(150)}.txt`, 'x'.repeat(1000)]) {
      const file = await direct.upload({ caseId, name }, Buffer.from(name))
      assert.deepEqual([file.status, file.name], ['READY', name])
      assert.equal((await world.api.bytes(file.id)).bytes.toString(), name)
    }
    assert.deepEqual(await findingsOf(world), [])
  })

  test('D3 D8: parts beyond what may be written at once over all wait, dead claims do not count for ever, and a refusal drops nothing', async () => {
    await using world = await open({ directPartsAtOnce: 1 })
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const content = randomBytes(PART + 10)
    const session = await direct.started({ caseId, name: 'slow.bin', size: content.length })
    await direct.sendPart(session, 2, content)
    const slow = slowPart(world.api, { uploadId: session.id, number: 1, length: PART })
    while ((await world.instance.store.read.uploads.countLiveClaims(0)) === 0) await sleep(5)
    const refused = await world.api.put(session.id, 2, content.subarray(PART))
    assert.deepEqual([refused.status, refused.problem.code], [429, 'TOO_MANY_UPLOADS'])
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    assert.deepEqual(
      (await world.api.session(session.id)).receivedParts.map((part) => part.number),
      [2],
    )
    slow.cut()
    while ((await world.instance.store.read.uploads.countLiveClaims(0)) > 0) await sleep(5)
    // What a killed process leaves behind.
    const place = { uploadId: session.id, number: 1 }
    const dead = Date.now() - 10 * 60_000
    await world.instance.store.transaction((tx) => tx.uploads.claimPart(place, { claim: 'dead', size: PART, at: dead }))
    await direct.sendPart(session, 1, content)
    assert.equal((await world.api.complete(session.id, sha256(content))).status, 200)
    assert.equal((await world.api.settled(session.fileId)).sha256, sha256(content))
  })

  test('D3: a wrong digest, a wrong length and a part that is none are refused; the whole file may come as one body', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const content = randomBytes(2 * PART + 10)
    const session = await direct.started({ caseId, name: 'one body.bin', size: content.length })
    const codeOf = async (answer: Promise<{ problem: { code: string } }>) => (await answer).problem.code
    const wrong = { 'content-digest': contentDigest(Buffer.from('other')) }
    assert.equal(await codeOf(world.api.put(session.id, 3, content.subarray(2 * PART), wrong)), 'DIGEST_MISMATCH')
    assert.equal(await codeOf(world.api.put(session.id, 3, content.subarray(2 * PART + 1))), 'SIZE_MISMATCH')
    assert.equal(await codeOf(world.api.put(session.id, 4, Buffer.from('x'))), 'PART_OUT_OF_RANGE')
    assert.equal(await codeOf(direct.urls(session.id, [1])), 'CONFLICT')
    assert.equal((await world.api.session(session.id)).receivedBytes, 0)
    const whole = await world.api.call('PUT', `/upload-sessions/${session.id}/content`, { body: content })
    assert.equal(whole.status, 200, JSON.stringify(whole.body))
    assert.equal((await world.api.complete(session.id, sha256(content))).status, 200)
    const file = await world.api.settled(session.fileId)
    assert.equal(file.hashState, 'computed')
    const same = await world.api.call('HEAD', `/files/${file.id}/content`)
    assert.deepEqual([same.status, same.headers.get('content-length')], [200, String(content.length)])
  })

  async function migrated(world: FileWorld, fromTargetId: string, toTargetId: string): Promise<Migration> {
    const { admin } = world.tenant.api
    const { body } = await admin.call<Migration>('POST', '/migrations', { body: { fromTargetId, toTargetId } })
    for (;;) {
      const { body: now } = await admin.call<Migration>('GET', `/migrations/${body.id}`)
      if (now.status !== 'running') return now
      await sleep(10)
    }
  }
  const untilPurged = async (world: FileWorld) => {
    while ((await world.instance.store.read.moves.pageToPurge('', 10)).length > 0) await sleep(10)
  }

  test('R5 D14: direct files move with their names; where a name is taken the move is reported as failed and nothing is overwritten', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const content = randomBytes(PART + 5)
    const moving = await direct.upload({ caseId, name: 'moves.bin' }, content)
    const staying = await direct.upload({ caseId, name: 'taken.bin' }, Buffer.from('ours'))
    const empty = await direct.upload({ caseId, name: 'empty.bin' }, Buffer.alloc(0))
    samba.smbclient('mkdir other')
    const other = await bindDirect(world, smbFields(samba, 'other'), 'Other')
    const takenKey = await keyOf(world, staying.id)
    await withTarget(world, other.id, (target) => target.put(takenKey, Buffer.from('theirs')))
    const done = await migrated(world, world.target.id, other.id)
    assert.deepEqual([done.status, done.moved.files, done.failed.files], ['done', 2, 1])
    const { body } = await world.tenant.api.admin.call<PageOf<Move>>('GET', `/migrations/${done.id}/moves?status=failed`)
    assert.match(body.items[0]?.error ?? '', /name/)
    await untilPurged(world)
    await withTarget(world, other.id, async (target) => {
      assert.equal(Buffer.from(await target.read(takenKey, 0, 6)).toString(), 'theirs')
      assert.ok(Buffer.from(await target.read(await keyOf(world, moving.id), 0, content.length)).equals(content))
      for await (const write of target.listWrites('direct/', Date.now() + 10_000)) assert.fail(write.key)
    })
    await withTarget(world, world.target.id, async (target) => {
      assert.equal(await target.stat(await keyOf(world, moving.id)), null)
      assert.equal((await target.stat(takenKey))?.size, 4)
    })
    for (const file of [moving, staying, empty]) assert.equal((await world.api.bytes(file.id)).status, 200)
    assert.equal((await world.api.bytes(moving.id)).headers.get('etag'), `"${sha256(content)}"`, 'known as unchanged where it is now')
    assert.deepEqual(await findingsOf(world), [])
  })

  test('R5 R1: direct files are not put in plain on the disk of this server, and a changed one arrives as what it is', async () => {
    await using world = await open()
    const direct = directApi(world.api)
    const { id: caseId } = await world.api.newCase()
    const file = await direct.upload({ caseId, name: 'changed.bin' }, Buffer.from('before'))
    const refused = await migrated(world, world.target.id, world.tenant.targetId)
    assert.deepEqual([refused.moved.files, refused.failed.files], [0, 1])
    await withTarget(world, world.target.id, async (target) => target.put(await keyOf(world, file.id), Buffer.from('behind')))
    samba.smbclient('mkdir third')
    const third = await bindDirect(world, smbFields(samba, 'third'), 'Third')
    assert.equal((await migrated(world, world.target.id, third.id)).moved.files, 1)
    const now: File = await world.api.file(file.id)
    assert.deepEqual(
      [now.hashState, now.sha256, now.diskSha256],
      ['mismatch', sha256(Buffer.from('before')), sha256(Buffer.from('behind'))],
    )
    assert.equal((await entriesOf(world, file.id, 'DIRECT_HASH_DISK_MISMATCH')).length, 1)
  })

  test('T9: a direct file whose target is deleted is an orphan, and back once the target is made again', async () => {
    await using world = await open()
    const { admin } = world.tenant.api
    const { id: caseId } = await world.api.newCase()
    const file = await directApi(world.api).upload({ caseId, name: 'orphan.bin' }, Buffer.from('here'))
    await admin.call('PUT', '/roles/direct', { body: { targetId: null } })
    assert.equal((await admin.call('DELETE', `/targets/${world.target.id}?confirm=Direct`)).status, 204)
    assert.equal((await world.api.bytes(file.id)).status, 410)
    const back = await bindDirect(world, smbFields(samba, world.folder))
    assert.equal(back.id, world.target.id)
    assert.equal((await world.api.bytes(file.id)).bytes.toString(), 'here')
  })
})

test('D8: the limits of the environment are read, and nonsense is refused by name', async () => {
  const { loadConfig } = await import('../src/config.ts')
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-config-'))
  try {
    const { initDataFolder } = await import('../src/keys/init.ts')
    await initDataFolder(dataDir)
    const env = { HOLDFAST_DATA_DIR: dataDir }
    const { config } = loadConfig(env)
    assert.deepEqual([config.directUploadsPerUser, config.directPartsAtOnce, config.directVerifyMaxBytes], [10, 20, 268_435_456])
    const set = loadConfig({
      ...env,
      MAX_CONCURRENT_DIRECT_UPLOADS: '3',
      MAX_CONCURRENT_DIRECT_UPLOADS_GLOBAL: '4',
      HOLDFAST_DIRECT_VERIFY_MAX_BYTES: '0',
    })
    assert.deepEqual([set.config.directUploadsPerUser, set.config.directPartsAtOnce, set.config.directVerifyMaxBytes], [3, 4, 0])
    for (const bad of ['0', '-1', 'many']) {
      assert.throws(() => loadConfig({ ...env, MAX_CONCURRENT_DIRECT_UPLOADS: bad }), /MAX_CONCURRENT_DIRECT_UPLOADS must be/)
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
