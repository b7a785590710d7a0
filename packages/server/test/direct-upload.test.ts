import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type DirectState, MIN_PART_PLAIN_BYTES, type Target, type TargetCreate } from '@holdfast/api'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { type SshServer, startSshd } from '../../../test/servers/sshd.ts'
import { bindDirect, directApi, entriesOf, keyOf, s3Fields, sftpFields, smbFields, withTarget } from './direct-world.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { type S3World, s3World } from './s3-world.ts'

const PART = MIN_PART_PLAIN_BYTES

type Backend = { readonly fields: Omit<TargetCreate, 'name'>; stop(): Promise<void> }

async function startS3Backend(program: 'versitygw' | 'minio'): Promise<Backend> {
  const s3: S3World = await s3World(program)
  return { fields: s3Fields(s3, await s3.bucket(), 'some/prefix'), stop: async () => s3[Symbol.asyncDispose]() }
}
async function startSmbBackend(): Promise<Backend> {
  const samba: SambaServer = await startSamba('encryption-required')
  return { fields: smbFields(samba), stop: () => samba.stop() }
}

async function startSftpBackend(): Promise<Backend> {
  const sshd: SshServer = await startSshd()
  return { fields: await sftpFields(sshd), stop: () => sshd.stop() }
}

const backends: Record<string, { start(): Promise<Backend>; delivery: 'server' | 'presigned'; passthrough: string }> = {
  versitygw: { start: () => startS3Backend('versitygw'), delivery: 'presigned', passthrough: 's3_passthrough' },
  MinIO: { start: () => startS3Backend('minio'), delivery: 'presigned', passthrough: 's3_passthrough' },
  OpenSSH: { start: startSftpBackend, delivery: 'server', passthrough: 'sftp_passthrough' },
  Samba: { start: startSmbBackend, delivery: 'server', passthrough: 'smb_passthrough' },
}

for (const [name, { start, delivery, passthrough }] of Object.entries(backends)) {
  describe(`the direct tier on ${name}`, () => {
    let backend: Backend
    let world: FileWorld
    let target: Target
    before(async () => {
      backend = await start()
      world = await openFileWorld()
      target = await bindDirect(world, backend.fields)
    })
    after(async () => {
      await world?.[Symbol.asyncDispose]()
      await backend?.stop()
    })
    const direct = () => directApi(world.api)

    test('D1 D2 D3 D9 D12 D14 A1: an upload is proven, lies there by its name, and is downloaded with the log telling of it', async () => {
      const { id: caseId, number } = await world.api.newCase()
      const content = randomBytes(2 * PART + 4321)
      const file = await direct().upload({ caseId, name: 'disk image.E01', contentType: 'application/x-ewf' }, content)
      assert.deepEqual([file.status, file.hashState, file.sha256, file.tier], ['READY', 'computed', sha256(content), 'direct'])
      const key = `direct/${world.tenant.id}/${number}/disk image.E01`
      assert.equal(await keyOf(world, file.id), key)
      await withTarget(world, target.id, async (open) => {
        assert.ok(Buffer.from(await open.read(key, 0, content.length)).equals(content))
      })
      const whole = await world.api.bytes(file.id)
      assert.ok(whole.bytes.equals(content))
      assert.equal(whole.headers.get('etag'), `"${sha256(content)}"`)
      const part = await world.api.bytes(file.id, { range: `bytes=${PART - 5}-${PART + 1_200_000}` })
      assert.equal(part.status, 206)
      assert.ok(part.bytes.equals(content.subarray(PART - 5, PART + 1_200_001)))
      const url = await direct().downloadUrl(file.id)
      assert.equal(url.status, 200)
      assert.equal(url.headers.get('cache-control'), 'no-store')
      assert.equal(url.body.delivery, delivery === 'presigned' ? 'presigned_get' : passthrough)
      const answer = await fetch(
        new URL(url.body.url, world.origin),
        delivery === 'presigned' ? {} : { headers: { authorization: `Bearer ${world.api.token}` } },
      )
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(content))
      assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; filename="disk image.E01"/)
      const entries = await entriesOf(world, file.id)
      const last = delivery === 'presigned' ? 'presigned_get' : passthrough
      assert.deepEqual(
        entries.map(({ action }) => action),
        [
          'DIRECT_UPLOAD_INIT',
          'DIRECT_UPLOAD_COMPLETE',
          'DIRECT_HASH_BROWSER_DECLARED',
          'DIRECT_HASH_VERIFIED',
          'DOWNLOAD',
          'DOWNLOAD',
          'DOWNLOAD',
        ],
      )
      assert.deepEqual(
        entries
          .filter(({ action }) => action === 'DOWNLOAD')
          .map(({ details }) => [details.tier, details.delivery, details.sha256, details.range]),
        [
          ['direct', passthrough, sha256(content), null],
          ['direct', passthrough, sha256(content), `${PART - 5}-${PART + 1_200_000}`],
          ['direct', last, sha256(content), null],
        ],
      )
      assert.ok(!JSON.stringify(entries).includes('X-Amz-Signature'))
    })

    test('D2 D3: an empty file, one of a byte and one of exactly a part arrive whole', async () => {
      const { id: caseId } = await world.api.newCase()
      for (const size of [0, 1, PART]) {
        const content = randomBytes(size)
        const file = await direct().upload({ caseId, name: `${size}.bin` }, content)
        assert.deepEqual([file.status, file.sha256], ['READY', sha256(content)], JSON.stringify(file))
        assert.ok((await world.api.bytes(file.id)).bytes.equals(content))
      }
    })

    test('D2 D3: parts come in any order and again; a page that was reloaded goes on from the receipts', async () => {
      const { id: caseId } = await world.api.newCase()
      const content = randomBytes(2 * PART + 1)
      const session = await direct().started({ caseId, name: 'resumed.bin', size: content.length })
      assert.equal(session.delivery, delivery)
      await direct().sendPart(session, 3, content)
      await direct().sendPart(session, 1, randomBytes(content.length))
      await direct().sendPart(session, 1, content)
      const early = await world.api.complete(session.id)
      assert.deepEqual([early.problem.code, early.problem.missingParts], ['PARTS_MISSING', [2]])
      const { receivedParts } = await world.api.session(session.id)
      assert.deepEqual(
        receivedParts.map((part) => part.sha256),
        [sha256(content.subarray(0, PART)), sha256(content.subarray(2 * PART))],
      )
      await direct().sendPart(session, 2, content)
      const { body } = await world.api.complete(session.id, sha256(content).toUpperCase())
      const file = await world.api.settled(body.id)
      assert.deepEqual([file.sha256, file.declaredSha256], [sha256(content), sha256(content)])
    })

    test('D11: bytes that are not what was declared make the upload fail, and the object goes', async () => {
      const { id: caseId } = await world.api.newCase()
      const content = randomBytes(70_000)
      const file = await direct().upload({ caseId, name: 'other.bin' }, content, sha256(randomBytes(3)))
      assert.equal(file.status, 'FAILED')
      assert.match(file.statusReason ?? '', /not those that the sender declared/)
      const key = await keyOf(world, file.id)
      while ((await world.instance.store.read.files.findAny(world.tenant.id, file.id))?.purgedAt === null)
        await new Promise((done) => setTimeout(done, 10))
      await withTarget(world, target.id, async (open) => assert.equal(await open.stat(key), null))
      const [entry] = await entriesOf(world, file.id, 'DIRECT_HASH_MISMATCH')
      assert.deepEqual([entry?.details.computedSha256, entry?.result], [sha256(content), 'failed'])
    })

    test('D14: two files of one name lie side by side, also beside one that others put there', async () => {
      const { id: caseId, number } = await world.api.newCase()
      const scope = `direct/${world.tenant.id}/${number}/`
      await withTarget(world, target.id, (open) => open.put(`${scope}a.txt`, Buffer.from('theirs')))
      const first = await direct().upload({ caseId, name: 'a.txt' }, Buffer.from('first'))
      const second = await direct().upload({ caseId, name: 'a.txt' }, Buffer.from('second'))
      assert.deepEqual([first.name, second.name], ['a.txt', 'a.txt'])
      assert.deepEqual([await keyOf(world, first.id), await keyOf(world, second.id)], [`${scope}a (2).txt`, `${scope}a (3).txt`])
      await withTarget(world, target.id, async (open) =>
        assert.equal(Buffer.from(await open.read(`${scope}a.txt`, 0, 6)).toString(), 'theirs'),
      )
      assert.equal((await world.api.bytes(first.id)).bytes.toString(), 'first')
      assert.equal((await world.api.bytes(second.id)).bytes.toString(), 'second')
    })

    test('D14: of one name one upload is under way at a time; what others put there meanwhile is not overwritten, and nothing is lost', async () => {
      const { id: caseId } = await world.api.newCase()
      const content = randomBytes(10_000)
      const session = await direct().sent({ caseId, name: 'late.bin' }, content)
      const again = await direct().begin({ caseId, name: 'late.bin', size: 1 })
      assert.deepEqual([again.status, again.problem.code], [409, 'CONFLICT'])
      const key = await keyOf(world, session.fileId)
      await withTarget(world, target.id, (open) => open.put(key, Buffer.from('theirs')))
      const refused = await world.api.complete(session.id, sha256(content))
      assert.deepEqual([refused.status, refused.problem.code], [409, 'CONFLICT'])
      assert.match(refused.problem.detail, /Somebody has put/)
      assert.equal((await world.api.session(session.id)).receivedBytes, content.length)
      await withTarget(world, target.id, async (open) => {
        assert.equal(Buffer.from(await open.read(key, 0, 6)).toString(), 'theirs')
        await open.delete(key)
      })
      assert.equal((await world.api.complete(session.id, sha256(content))).status, 200)
      assert.ok((await world.api.settled(session.fileId)).sha256 === sha256(content))
    })

    test('D2 D3 A1: a cancelled upload leaves nothing behind, and not a file of others under its name', async () => {
      const { id: caseId } = await world.api.newCase()
      const session = await direct().sent({ caseId, name: 'cancelled.bin' }, randomBytes(PART + 3))
      const key = await keyOf(world, session.fileId)
      await withTarget(world, target.id, (open) => open.put(key, Buffer.from('theirs')))
      assert.equal((await world.api.abort(session.id)).status, 204)
      while ((await world.instance.store.read.files.findAny(world.tenant.id, session.fileId))?.purgedAt === null)
        await new Promise((done) => setTimeout(done, 10))
      await withTarget(world, target.id, async (open) => {
        for await (const write of open.listWrites(key, Date.now() + 10_000)) assert.fail(write.key)
        assert.equal((await open.stat(key))?.size, 6)
      })
      assert.equal((await entriesOf(world, session.fileId, 'DIRECT_UPLOAD_ABORT'))[0]?.details.receivedBytes, PART + 3)
    })

    test('D1 R4: the section says what it is bound to', async () => {
      const { body } = await world.api.call<DirectState>('GET', '/direct')
      assert.deepEqual([body.bound, body.kind, body.delivery, body.targetName], [true, backend.fields.kind, delivery, 'Direct'])
      assert.ok(Number(body.usedBytes) > 0)
    })
  })
}
