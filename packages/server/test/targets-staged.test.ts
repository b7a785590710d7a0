import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { File, Migration, PageOf, RoleBinding, Target, TargetTestResult } from '@holdfast/api'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { checkInstance } from '../src/check-instance.ts'
import { type Place, type Places, postgresPlaces, sqlitePlaces } from './database-places.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'

for (const places of [sqlitePlaces(), postgresPlaces()]) describe(`files staged for a target, on ${places.name}`, () => suite(places))

function suite(places: Places): void {
  let place: Place
  let samba: SambaServer
  let world: FileWorld
  before(async () => {
    samba = await startSamba('encryption-required')
    place = await places.create()
    world = await openFileWorld(place.kind === 'postgres' && place.address ? { databaseUrl: place.address } : {})
  })
  after(async () => {
    await world?.[Symbol.asyncDispose]()
    await samba?.stop()
    await place?.[Symbol.asyncDispose]()
    await places.end()
  })

  const admin = () => world.tenant.api.admin
  const create = async (folder: string): Promise<Target> => {
    const at = { host: samba.host, port: samba.port, share: samba.share, user: samba.user, domain: 'WORKGROUP', folder }
    const body = { name: folder, kind: 'smb', place: at, credentials: { password: samba.password } }
    const made = await admin().call<Target>('POST', '/targets', { body })
    assert.equal(made.status, 201, JSON.stringify(made.problem))
    return made.body
  }
  const bind = (targetId: string, staged = false) => admin().call<RoleBinding>('PUT', '/roles/encrypted', { body: { targetId, staged } })
  const removed = async () => (await admin().call<PageOf<Target>>('GET', '/targets?removed=true')).body.items
  const findings = async () => (await checkInstance(world.instance, { full: true, signal: new AbortController().signal })).findings
  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 1500; tries += 1) {
      if (await holds()) return
      await sleep(20)
    }
    assert.fail(`never: ${what}`)
  }

  type Staged = { readonly target: Target; readonly files: readonly File[]; readonly contents: readonly Buffer[] }

  const setPassword = (id: string, password: string) => admin().call('PATCH', `/targets/${id}`, { body: { credentials: { password } } })

  /** Two files that are sealed here while their target is away, or lets nobody in; Local is bound again. */
  async function stagedFor(folder: string, { away = true } = {}): Promise<Staged> {
    samba.smbclient(`mkdir ${folder}`)
    const target = await create(folder)
    assert.equal((await bind(target.id, true)).status, 200)
    if (away) await samba.kill()
    else assert.equal((await setPassword(target.id, 'no longer this one')).status, 200)
    const { id: caseId } = await world.api.newCase()
    const contents = [randomBytes(100_000), randomBytes(7)]
    const files = []
    for (const content of contents) files.push(await world.api.upload(caseId, content))
    assert.equal((await bind(world.tenant.targetId)).status, 200)
    return { target, files, contents }
  }
  const readable = async ({ files, contents }: Staged) => {
    for (const [index, file] of files.entries())
      assert.ok((await world.api.bytes(file.id)).bytes.equals(contents[index] ?? Buffer.alloc(0)))
  }
  const remove = (id: string, confirm: string) => admin().call('DELETE', `/targets/${id}?confirm=${encodeURIComponent(confirm)}`)

  test('S3 T9: deleting their target is told and leaves them where they are, readable; taking it back takes the sync up', async () => {
    const staged = await stagedFor('first')
    const { target, files } = staged
    assert.deepEqual((await admin().call<Target>('GET', `/targets/${target.id}`)).body.stagedCount, 2)
    const unconfirmed = await remove(target.id, '')
    assert.deepEqual([unconfirmed.status, unconfirmed.problem.fileCount, unconfirmed.problem.stagedCount], [409, 0, 2])
    assert.match(unconfirmed.problem.detail, /2 files are still to be synced there; they would stay where they are staged/)
    assert.equal((await remove(target.id, target.name)).status, 204)
    for (const { id } of files) {
      const file = await world.api.file(id)
      assert.deepEqual([file.status, file.syncing, file.target.id, file.target.removed], ['READY', false, world.tenant.targetId, false])
      assert.deepEqual(file.syncTarget, { id: target.id, name: 'first', removed: true })
    }
    await readable(staged)
    assert.deepEqual(
      (await removed()).map((one) => [one.id, one.fileCount, one.stagedCount]),
      [[target.id, 0, 2]],
    )
    assert.deepEqual(await findings(), [])
    await samba.restart()
    assert.equal((await create('first')).id, target.id)
    await until('synced', async () =>
      (await Promise.all(files.map(({ id }) => world.api.file(id)))).every((file) => file.syncTarget === null),
    )
    for (const { id } of files) assert.equal((await world.api.file(id)).target.id, target.id)
    await readable(staged)
    const { usedBytes, reservedBytes } = (await admin().call<Target>('GET', `/targets/${target.id}`)).body
    assert.ok(usedBytes > 100_000)
    assert.equal(reservedBytes, 0)
  })

  test('S3 T8: a staged file that is deleted while its target is gone gives back what was reserved for it', async () => {
    const { target, files } = await stagedFor('second')
    assert.equal((await remove(target.id, target.name)).status, 204)
    await samba.restart()
    for (const { id } of files) assert.equal((await world.api.call('DELETE', `/files/${id}`)).status, 204)
    const row = await world.instance.store.read.targets.find(world.tenant.id, target.id)
    assert.equal(row?.reservedBytes, 0)
    assert.deepEqual(await removed(), [])
    assert.deepEqual(await findings(), [])
  })

  for (const gone of [true, false])
    test(`S3 R5: a migration takes staged files elsewhere where their target is ${gone ? 'gone' : 'in use'}, and there they stay`, async () => {
      const staged = await stagedFor(`left-${gone}`, { away: false })
      if (gone) assert.equal((await remove(staged.target.id, staged.target.name)).status, 204)
      samba.smbclient(`mkdir elsewhere-${gone}`)
      const elsewhere = await create(`elsewhere-${gone}`)
      const migrate = async (): Promise<Migration> => {
        const between = { fromTargetId: world.tenant.targetId, toTargetId: elsewhere.id }
        const { body } = await admin().call<Migration>('POST', '/migrations', { body: between })
        let now = body
        await until('migrated', async () => {
          now = (await admin().call<Migration>('GET', `/migrations/${body.id}`)).body
          return now.status !== 'running'
        })
        return now
      }
      const { moved, failed, skipped } = await migrate()
      assert.deepEqual([moved.files, failed.files, skipped.files], [2, 0, 0])
      for (const { id } of staged.files) {
        const file = await world.api.file(id)
        assert.deepEqual([file.target.id, file.syncTarget, file.syncing], [elsewhere.id, null, false])
      }
      await readable(staged)
      assert.deepEqual(await removed(), [])
      if (!gone) await setPassword(staged.target.id, samba.password)
      assert.deepEqual(await findings(), [])
    })

  test('T6 S3: a passed test of a target that was away tries at once what waits for it', async () => {
    const { target, files } = await stagedFor('fourth')
    const jobs = async () =>
      await world.instance.store.read.jobs.list(world.tenant.id, { kind: 'sync-file', status: 'queued' }, { limit: 9, before: null })
    await until('failed once', async () => (await jobs()).filter((job) => job.error !== null).length === files.length)
    await samba.restart()
    const tested = await admin().call<TargetTestResult>('POST', `/targets/${target.id}/test`, { body: {} })
    assert.equal(tested.body.ok, true, JSON.stringify(tested.body.steps))
    for (const job of await jobs()) assert.ok(job.runAt <= world.instance.clock.now(), 'it still waits')
    await until('synced', async () =>
      (await Promise.all(files.map(({ id }) => world.api.file(id)))).every((file) => file.syncTarget === null),
    )
    assert.deepEqual(await findings(), [])
  })
}
