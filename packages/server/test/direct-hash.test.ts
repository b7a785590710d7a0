import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Case, File, PageOf, Sync, SyncStart, TargetCreate } from '@holdfast/api'
import { startSamba } from '../../../test/servers/samba.ts'
import { startSshd } from '../../../test/servers/sshd.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { bindDirect, directApi, entriesOf, findingsOf, s3Fields, sftpFields, smbFields } from './direct-world.ts'
import { type FileWorld, openFileWorld, sha256 } from './file-world.ts'
import { s3World } from './s3-world.ts'

/** A real server with its own client, by which others put files there. Paths are below the target, `/` between names. */
type Backend = AsyncDisposable & {
  readonly name: string
  readonly fields: Omit<TargetCreate, 'name'>
  put(path: string, bytes: Uint8Array): Promise<void>
  remove(path: string): Promise<void>
}

async function withFile(bytes: Uint8Array, work: (path: string) => void): Promise<void> {
  const path = join(tmpdir(), `holdfast-out-of-band-${randomBytes(6).toString('hex')}`)
  await writeFile(path, bytes)
  try {
    work(path)
  } finally {
    await rm(path)
  }
}

const foldersOf = (path: string): string[] => {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

async function smb(): Promise<Backend> {
  const samba = await startSamba('encryption-required')
  const run = (command: string) => {
    const { status, output } = samba.smbclient(command)
    assert.equal(status, 0, output)
  }
  return {
    ...{ name: 'SMB', fields: smbFields(samba) },
    put: (path, bytes) =>
      withFile(bytes, (local) => {
        for (const folder of foldersOf(path)) samba.smbclient(`mkdir "${folder}"`)
        run(`put "${local}" "${path}"`)
      }),
    remove: async (path) => run(`rm "${path}"`),
    [Symbol.asyncDispose]: () => samba.stop(),
  }
}

async function sftp(): Promise<Backend> {
  const sshd = await startSshd()
  const key = await sshd.key()
  const run = (commands: string) => {
    const { status, output } = sshd.sftp(key, commands)
    assert.equal(status, 0, output)
  }
  return {
    ...{ name: 'SFTP', fields: await sftpFields(sshd) },
    put: (path, bytes) =>
      withFile(bytes, (local) => {
        const make = foldersOf(path).map((folder) => `-mkdir "${sshd.folder}/${folder}"\n`)
        run(`${make.join('')}put "${local}" "${sshd.folder}/${path}"\n`)
      }),
    remove: async (path) => run(`rm "${sshd.folder}/${path}"\n`),
    [Symbol.asyncDispose]: () => sshd.stop(),
  }
}

async function s3(): Promise<Backend> {
  const world = await s3World('versitygw')
  const Bucket = await world.bucket()
  return {
    ...{ name: 'S3', fields: s3Fields(world, Bucket) },
    put: async (Key, Body) => void (await world.admin.send(new PutObjectCommand({ Bucket, Key, Body }))),
    remove: async (Key) => void (await world.admin.send(new DeleteObjectCommand({ Bucket, Key }))),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

async function synced(world: FileWorld, owner: Case, request: Partial<SyncStart> = {}): Promise<Sync> {
  const { status, body } = await world.api.call<Sync>('POST', `/cases/${owner.id}/syncs`, { body: { mode: 'apply', ...request } })
  assert.equal(status, 201, JSON.stringify(body))
  for (;;) {
    const { body: now } = await world.api.call<Sync>('GET', `/syncs/${body.id}`)
    if (now.status !== 'running') return now
    await sleep(10)
  }
}

const listed = async (world: FileWorld, owner: Case, itemId = 'none'): Promise<Map<string, File>> => {
  const { body } = await world.api.call<PageOf<File>>('GET', `/files?caseId=${owner.id}&tier=direct&itemId=${itemId}`)
  return new Map(body.items.map((file) => [file.name, file]))
}

async function hashed(world: FileWorld, fileId: string): Promise<File> {
  const { status, body } = await world.api.call<{ jobId: string }>('POST', `/files/${fileId}/verify`, { body: {} })
  assert.equal(status, 202, JSON.stringify(body))
  for (;;) {
    const job = await world.instance.store.read.jobs.find(world.tenant.id, body.jobId)
    if (job && job.finishedAt !== null) return world.api.file(fileId)
    await sleep(10)
  }
}

for (const start of [smb, sftp, s3])
  suite(`D10 D13 on ${start.name}`, async () => {
    const backend = await start()
    const world = await openFileWorld()
    const target = await bindDirect(world, backend.fields)
    after(async () => {
      await world[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    })
    const folder = (owner: Case) => `direct/${world.tenant.id}/${owner.number}`

    test('D13 D10: files that others copied there are found, hashed, tampered with, and told as that', async () => {
      const owner = await world.api.newCase()
      const content = randomBytes(300_000)
      await backend.put(`${folder(owner)}/copied by hand (1).dd`, content)
      const found = await synced(world, owner)
      assert.deepEqual([found.status, found.added.count, found.added.bytes], ['done', 1, content.length], JSON.stringify(found))
      const file = (await listed(world, owner)).get('copied by hand (1).dd')
      assert.deepEqual([file?.discovered, file?.hashState, file?.sha256, file?.size], [true, 'none', null, content.length])
      const id = file?.id ?? ''
      const computed = await hashed(world, id)
      assert.deepEqual([computed.hashState, computed.sha256, computed.hashing], ['computed', sha256(content), null])
      assert.equal((await hashed(world, id)).hashState, 'computed', 'Re-verify confirms')
      const tampered = Uint8Array.from(content)
      tampered[5]! ^= 1
      await backend.put(`${folder(owner)}/copied by hand (1).dd`, tampered)
      const mismatch = await hashed(world, id)
      assert.deepEqual([mismatch.status, mismatch.hashState], ['READY', 'mismatch'])
      assert.deepEqual([mismatch.sha256, mismatch.diskSha256], [sha256(content), sha256(tampered)])
      const [told] = await entriesOf(world, id, 'DIRECT_HASH_DISK_MISMATCH')
      assert.deepEqual([told?.result, told?.details.sha256, told?.details.diskSha256], ['failed', sha256(content), sha256(tampered)])
      await backend.put(`${folder(owner)}/copied by hand (1).dd`, content)
      const again = await hashed(world, id)
      assert.deepEqual([again.hashState, again.sha256, again.diskSha256], ['computed', sha256(content), null])
      assert.equal((await entriesOf(world, id, 'SHA256_COMPUTED')).length, 3)
    })

    test('D13 D10: what changed is stale and keeps its digest until it is recomputed; what is gone leaves the list', async () => {
      const owner = await world.api.newCase()
      const content = randomBytes(1000)
      const upload = await directApi(world.api).upload({ caseId: owner.id, name: 'uploaded.bin' }, content)
      assert.deepEqual([upload.status, upload.hashState], ['READY', 'computed'], JSON.stringify(upload))
      await backend.put(`${folder(owner)}/goes.txt`, randomBytes(10))
      await backend.put(`${folder(owner)}/stays.txt`, randomBytes(10))
      assert.deepEqual([(await synced(world, owner)).added.count, (await synced(world, owner)).unchanged], [2, 3])
      const longer = randomBytes(2000)
      await backend.put(`${folder(owner)}/uploaded.bin`, longer)
      await backend.remove(`${folder(owner)}/goes.txt`)
      const preview = await synced(world, owner, { mode: 'preview' })
      const done = await synced(world, owner)
      for (const sync of [preview, done]) {
        assert.deepEqual([sync.added.count, sync.changed.count, sync.removed.count, sync.unchanged], [0, 1, 1, 1], JSON.stringify(sync))
      }
      const stale = (await listed(world, owner)).get('uploaded.bin')
      assert.deepEqual([stale?.hashState, stale?.sha256, stale?.size], ['stale', sha256(content), 2000])
      const recomputed = await hashed(world, upload.id)
      assert.deepEqual([recomputed.hashState, recomputed.sha256], ['computed', sha256(longer)])
      const [entry] = (await entriesOf(world, upload.id, 'SHA256_COMPUTED')).toReversed()
      assert.equal(entry?.details.previousSha256, sha256(content))
      assert.deepEqual([...(await listed(world, owner)).keys()].sort(), ['stays.txt', 'uploaded.bin'])
      assert.equal((await synced(world, owner)).unchanged, 2)
    })

    test('D13: a case and its item are scopes of their own, and each has its folder', async () => {
      const owner = await world.api.newCase()
      const { body: item } = await world.api.call<{ id: string }>('POST', `/cases/${owner.id}/items`, { body: { label: 'E1', title: 'x' } })
      assert.equal((await synced(world, owner, { itemId: item.id })).status, 'done')
      const itemFolder = `${folder(owner)}/${item.id.slice(0, 8)}`
      await backend.put(`${itemFolder}/in item.bin`, randomBytes(5))
      const root = await synced(world, owner)
      assert.deepEqual([root.added.count, root.skipped.count], [0, 0], JSON.stringify(root))
      assert.equal((await synced(world, owner, { itemId: item.id })).added.count, 1)
      assert.deepEqual([...(await listed(world, owner, item.id)).keys()], ['in item.bin'])
      if (target.kind === 's3') return
      const lease = await world.instance.targets.lease(world.tenant.id, target.id)
      await using held = lease
      const below: string[] = []
      for await (const entry of held.target.listFolder(`${folder(owner)}/`)) below.push(entry.kind === 'object' ? '' : entry.name)
      assert.deepEqual(below, [item.id.slice(0, 8)])
    })

    test('D10: an object that is gone is told as that, on the file, in the job and in the log', async () => {
      const owner = await world.api.newCase()
      await backend.put(`${folder(owner)}/gone.bin`, randomBytes(10))
      await synced(world, owner)
      const id = (await listed(world, owner)).get('gone.bin')?.id ?? ''
      await backend.remove(`${folder(owner)}/gone.bin`)
      const file = await hashed(world, id)
      assert.deepEqual([file.status, file.hashState], ['READY', 'none'])
      assert.match(file.statusReason ?? '', /could not be computed\. The object is not on the storage any more/)
      const [entry] = await entriesOf(world, id, 'SHA256_FAILED')
      assert.match(String(entry?.details.reason), /somebody has removed or renamed it/)
      await synced(world, owner, { allowRemovals: true })
      assert.deepEqual(await findingsOf(world), [])
    })
  })

suite('D10: hash tasks under way', async () => {
  const samba = await startSamba('encryption-required')
  let held: PromiseWithResolvers<void> | null = null
  let onRead: (() => Promise<void>) | null = null
  const wrap = (target: StorageTarget): StorageTarget => ({
    ...target,
    async read(key, offset, ...rest) {
      if (target.kind === 'smb' && offset > 0) await held?.promise
      if (target.kind === 'smb') await onRead?.()
      return target.read(key, offset, ...rest)
    },
  })
  const world = await openFileWorld({ wrap })
  await bindDirect(world, smbFields(samba))
  after(async () => {
    held?.resolve()
    await world[Symbol.asyncDispose]()
    await samba.stop()
  })
  const MiB = 1024 * 1024

  async function large(): Promise<File> {
    const owner = await world.api.newCase()
    const file = await directApi(world.api).upload({ caseId: owner.id, name: 'large.dd' }, randomBytes(12 * MiB))
    assert.equal(file.status, 'READY', file.statusReason ?? '')
    return file
  }

  for (const way of ['the file', 'the jobs'])
    test(`D10: a task shows how far it is, one file has one, and is cancelled by way of ${way} with the bytes so far`, async () => {
      const file = await large()
      held = Promise.withResolvers()
      const first = await world.api.call<{ jobId: string }>('POST', `/files/${file.id}/verify`, { body: {} })
      const second = await world.api.call<{ jobId: string }>('POST', `/files/${file.id}/verify`, { body: {} })
      assert.equal(first.body.jobId, second.body.jobId)
      let shown: File['hashing'] = null
      while (shown === null || shown.bytes === 0) {
        const { body } = await world.api.call<PageOf<File>>('GET', `/files?caseId=${file.caseId}`)
        shown = body.items[0]?.hashing ?? null
        await sleep(20)
      }
      const { bytes } = shown
      assert.deepEqual([shown.jobId, shown.size, bytes < shown.size], [first.body.jobId, 12 * MiB, true])
      const { admin } = world.tenant.api
      if (way === 'the file') assert.equal((await world.api.call('DELETE', `/files/${file.id}/verify`)).status, 204)
      else assert.equal((await admin.call('POST', `/jobs/${first.body.jobId}/cancel`)).status, 200)
      assert.equal((await world.api.file(file.id)).hashing, null)
      held.resolve()
      while ((await world.instance.store.read.jobs.find(world.tenant.id, first.body.jobId))?.finishedAt === null) await sleep(10)
      const entries = await entriesOf(world, file.id, 'SHA256_CANCELLED')
      assert.deepEqual(
        entries.map((entry) => [entry.details.bytes, entry.details.size, entry.actor.kind]),
        [[bytes, 12 * MiB, 'token']],
      )
      assert.equal((await entriesOf(world, file.id, 'SHA256_COMPUTED')).length, 0)
      assert.equal((await world.api.file(file.id)).hashState, 'computed', 'what was known stays')
      assert.equal((await world.api.call('DELETE', `/files/${file.id}/verify`)).status, 204, 'there is nothing to stop any more')
    })

  for (const way of ['the file', 'the jobs'])
    test(`D10 D9 D12: the first reading back of an upload is cancelled by way of ${way}: the file stays as it was declared, and is re-verified later`, async () => {
      const content = randomBytes(12 * MiB)
      const { id: caseId } = await world.api.newCase()
      const session = await directApi(world.api).sent({ caseId, name: 'large.dd' }, content)
      held = Promise.withResolvers()
      const { id } = (await world.api.complete(session.id, sha256(content))).body
      let file = await world.api.file(id)
      for (; file.hashing === null || file.hashing.bytes === 0; file = await world.api.file(id)) await sleep(20)
      const { jobId, bytes, size } = file.hashing
      assert.deepEqual([file.status, bytes < size, size], ['SCANNING', true, 12 * MiB])
      const { admin, viewer } = world.tenant.api
      assert.equal((await viewer.call('DELETE', `/files/${id}/verify`)).problem.code, 'FORBIDDEN')
      if (way === 'the file') assert.equal((await world.api.call('DELETE', `/files/${id}/verify`)).status, 204)
      else assert.equal((await admin.call('POST', `/jobs/${jobId}/cancel`)).status, 200)
      const ready = await world.api.file(id)
      assert.deepEqual(
        [ready.status, ready.hashState, ready.declaredSha256, ready.sha256, ready.hashing],
        ['READY', 'declared', sha256(content), null, null],
      )
      held.resolve()
      while ((await world.instance.store.read.jobs.find(world.tenant.id, jobId))?.finishedAt === null) await sleep(10)
      const told = (await entriesOf(world, id)).map(({ action, details }) => [action, details.bytes])
      assert.deepEqual(told.slice(2), [
        ['DIRECT_HASH_BROWSER_DECLARED', undefined],
        ['SHA256_CANCELLED', bytes],
      ])
      assert.ok((await world.api.bytes(id)).bytes.equals(content))
      assert.deepEqual([(await hashed(world, id)).hashState, (await world.api.file(id)).sha256], ['computed', sha256(content)])
      assert.deepEqual(await findingsOf(world), [])
    })

  test('D10: an object that is written to while it is read settles nothing until it is quiet', async () => {
    const file = await large()
    const path = join(samba.folder, ...(await keyParts(world, file.id)))
    const before = await readFile(path)
    let times = 0
    onRead = async () => {
      times += 1
      if (times === 2) await writeFile(path, Buffer.concat([before, Buffer.from('more')]))
    }
    const after = await hashed(world, file.id)
    onRead = null
    assert.deepEqual([after.hashState, after.size], ['mismatch', before.length + 4], 'the second attempt read it whole')
    assert.equal(after.diskSha256, sha256(Buffer.concat([before, Buffer.from('more')])))
    assert.equal((await entriesOf(world, file.id, 'DIRECT_HASH_DISK_MISMATCH')).length, 1)
  })

  test('D10: a server that is away is told as that once the attempts are used up', async () => {
    const { hashFile, HashFailed } = await import('../src/services/direct/hash-file.ts')
    const { HASH_ATTEMPTS } = await import('../src/services/direct/job-kinds.ts')
    const { createDigestPool } = await import('../src/services/ingest/digest-pool.ts')
    const file = await large()
    const { store, clock, targets, points } = world.instance
    await using digests = createDigestPool(1)
    await samba.kill()
    const run = (attempt: number) =>
      hashFile(
        { store, clock, targets, points, digests },
        { tenantId: world.tenant.id, fileId: file.id, jobId: file.id, attempt },
        { signal: new AbortController().signal, progress: async () => {} },
      )
    await assert.rejects(run(1), (error) => !(error instanceof HashFailed))
    assert.equal((await entriesOf(world, file.id, 'SHA256_FAILED')).length, 0)
    await assert.rejects(run(HASH_ATTEMPTS), HashFailed)
    assert.match(String((await entriesOf(world, file.id, 'SHA256_FAILED'))[0]?.details.reason), /does not answer/)
    await samba.restart()
  })
})

const keyParts = async (world: FileWorld, fileId: string): Promise<string[]> =>
  ((await world.instance.store.read.files.findAny(world.tenant.id, fileId))?.objectKey ?? '').split('/')
