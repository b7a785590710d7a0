import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { File, PageOf, RoleBinding, Target, TargetCreate, TargetTestResult } from '@holdfast/api'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { type FileWorld, openFileWorld } from './file-world.ts'

describe('a storage target on Samba, from its form to its files', () => {
  let samba: SambaServer
  let world: FileWorld
  before(async () => {
    samba = await startSamba('encryption-required')
    world = await openFileWorld()
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
    await samba.stop()
  })

  const admin = () => world.tenant.api.admin
  const place = () => ({ host: samba.host, port: samba.port, share: samba.share, user: samba.user, domain: 'WORKGROUP' })
  const fields = (more: Partial<TargetCreate> = {}): TargetCreate => ({
    ...{ name: 'Vault', kind: 'smb', place: place(), credentials: { password: samba.password } },
    ...more,
  })
  const create = (body: TargetCreate, api = admin()) => api.call<Target>('POST', '/targets', { body })
  const bind = (targetId: string) => admin().call<RoleBinding>('PUT', '/roles/encrypted', { body: { targetId, staged: false } })
  const remove = (id: string, confirm: string) => admin().call('DELETE', `/targets/${id}?confirm=${encodeURIComponent(confirm)}`)
  const details = async (action: 'CREATE' | 'UPDATE' | 'TARGET_TESTED' | 'DELETE') => {
    const [entry] = await world.instance.store.read.audit.list(world.tenant.id, { action }, { limit: 1 })
    return JSON.parse(entry?.details ?? '{}') as Record<string, unknown>
  }

  /** A target with one file on it, which is no longer bound; answers both. */
  async function withFile(name: string, folder: string): Promise<{ target: Target; file: File; content: Buffer }> {
    samba.smbclient(`mkdir ${folder}`)
    const { body: target, status } = await create(fields({ name, place: { ...place(), folder } }))
    assert.equal(status, 201)
    assert.equal((await bind(target.id)).status, 200)
    const content = randomBytes(100_000)
    const { id: caseId } = await world.api.newCase()
    const file = await world.api.upload(caseId, content)
    assert.equal(file.target.id, target.id)
    assert.equal((await bind(world.tenant.targetId)).status, 200)
    return { target, file, content }
  }

  test('T1 T4 T6 T12: fields are tried before they are saved, made into a target, tested, and shown with what it can do', async () => {
    const { kind, place: at, credentials } = fields()
    const tried = await admin().call<TargetTestResult>('POST', '/targets/test', { body: { kind, place: at, credentials } })
    assert.equal(tried.body.ok, true, JSON.stringify(tried.body.steps))
    assert.deepEqual((await details('TARGET_TESTED')).targetId, null)
    assert.deepEqual((await admin().call<PageOf<Target>>('GET', '/targets')).body.items.length, 1)
    const made = await create(fields())
    assert.equal(made.status, 201)
    const { body: target } = made
    assert.deepEqual([target.kind, target.place, target.hasCredentials, target.capabilities], ['smb', at, true, null])
    assert.equal(made.headers.get('location'), `/api/v1/targets/${target.id}`)
    const tested = await admin().call<TargetTestResult>('POST', `/targets/${target.id}/test`, { body: {} })
    assert.equal(tested.body.ok, true)
    assert.ok(tested.body.steps.some((step) => step.name === 'Connect'))
    const { body: known } = await admin().call<Target>('GET', `/targets/${target.id}`)
    assert.deepEqual(known.capabilities, tested.body.capabilities)
    assert.equal(known.capabilities?.conditionalWrites, true)
    assert.deepEqual([known.lastTestOk, known.lastTestAt === known.lastPassAt, known.version], [true, true, target.version + 1])
    assert.ok(Number(known.freeBytes) > 0)
    const again = await admin().call<TargetTestResult>('POST', `/targets/${target.id}/test`, { body: {} })
    assert.ok(again.body.ok)
    assert.equal((await admin().call<Target>('GET', `/targets/${target.id}`)).body.version, known.version)
    assert.equal((await remove(target.id, '')).status, 204)
  })

  test('T1: no answer, entry or row holds a password in the open; a new one opens the target anew, a wrong one says so', async () => {
    samba.smbclient('mkdir secrets')
    const { body: target } = await create(fields({ name: 'Secrets', place: { ...place(), folder: 'secrets' } }))
    const retry = { kind: 'smb', place: target.place, targetId: target.id }
    assert.equal((await admin().call<TargetTestResult>('POST', '/targets/test', { body: retry })).body.ok, true)
    const changed = await admin().call<Target>('PATCH', `/targets/${target.id}`, { body: { credentials: { password: 'Wr0ng-entirely' } } })
    assert.deepEqual([changed.status, changed.body.version], [200, target.version + 1])
    assert.deepEqual((await details('UPDATE')).changed, ['credentials'])
    const failed = await admin().call<TargetTestResult>('POST', `/targets/${target.id}/test`, { body: {} })
    assert.equal(failed.body.ok, false)
    const step = failed.body.steps.at(-1)
    assert.ok(step && !step.ok && step.remedy)
    assert.equal((await details('TARGET_TESTED')).failedStep, step.name)
    await admin().call('PATCH', `/targets/${target.id}`, { body: { credentials: { password: samba.password } } })
    assert.equal((await admin().call<TargetTestResult>('POST', `/targets/${target.id}/test`, { body: {} })).body.ok, true)
    const row = await world.instance.store.read.targets.find(world.tenant.id, target.id)
    const entries = await world.instance.store.read.audit.list(world.tenant.id, {}, { limit: 1000 })
    const seen = [
      JSON.stringify(failed.body),
      JSON.stringify(changed.body),
      JSON.stringify(entries),
      Buffer.from(row?.credentials ?? []).toString('latin1'),
    ]
    for (const text of seen) assert.ok(!text.includes(samba.password) && !text.includes('Wr0ng-entirely'))
    assert.equal((await remove(target.id, '')).status, 204)
  })

  test('T1: kept secrets are tried at their own place alone, and another place is another target', async () => {
    samba.smbclient('mkdir here')
    const { body: target } = await create(fields({ name: 'Here', place: { ...place(), folder: 'here' } }))
    for (const other of [{ host: 'elsewhere.example' }, { port: samba.port + 1 }, { share: samba.readOnlyShare }, { folder: '' }]) {
      const moved = { ...target.place, ...other }
      const tried = await admin().call('POST', '/targets/test', { body: { kind: 'smb', place: moved, targetId: target.id } })
      assert.deepEqual([tried.status, tried.problem.errors?.[0]?.field], [400, 'credentials'])
      const patched = await admin().call('PATCH', `/targets/${target.id}`, { body: { place: moved } })
      assert.equal(patched.status, 400, JSON.stringify(other))
    }
    const spelled = await admin().call<Target>('PATCH', `/targets/${target.id}`, {
      body: { place: { ...target.place, share: samba.share.toUpperCase() } },
    })
    assert.deepEqual([spelled.status, spelled.body.place.share], [200, samba.share.toUpperCase()])
    const second = await create(fields({ name: 'Twice', place: { ...place(), folder: 'here' } }))
    assert.equal(second.status, 409)
    assert.match(second.problem.detail, /“Here” is at this place already/)
    assert.equal((await remove(target.id, '')).status, 204)
  })

  test('T9: a deleted target leaves its files as orphans, and the same place takes them back under its id', async () => {
    const { target, file, content } = await withFile('Orphanage', 'orphans')
    const unconfirmed = await admin().call('DELETE', `/targets/${target.id}`)
    assert.deepEqual([unconfirmed.status, unconfirmed.problem.fileCount], [409, 1])
    assert.equal((await remove(target.id, 'orphanage')).status, 409)
    assert.equal((await remove(target.id, target.name)).status, 204)
    const orphan = await world.api.file(file.id)
    assert.deepEqual([orphan.status, orphan.target.removed, orphan.target.name], ['READY', true, 'Orphanage'])
    const gone = await world.api.call('GET', `/files/${file.id}/content`)
    assert.deepEqual([gone.status, gone.problem.code, gone.problem.targetName], [410, 'TARGET_REMOVED', 'Orphanage'])
    assert.match(gone.problem.detail, /making a target at the same place again/)
    const { items } = (await admin().call<PageOf<Target>>('GET', '/targets?removed=true')).body
    assert.deepEqual(
      items.map((one) => [one.id, one.fileCount, one.hasCredentials, one.removedAt !== null]),
      [[target.id, 1, false, true]],
    )
    const namesake = await create(fields({ name: 'Orphanage', place: place() }))
    assert.notEqual(namesake.body.id, target.id)
    assert.equal((await world.api.call('GET', `/files/${file.id}/content`)).status, 410)
    const same = { ...place(), share: samba.share.toUpperCase(), folder: 'orphans' }
    const back = await create(fields({ name: 'Orphanage again', place: same, quotaBytes: 10_000_000 }))
    assert.deepEqual([back.status, back.body.id, back.body.name, back.body.fileCount], [201, target.id, 'Orphanage again', 1])
    assert.deepEqual([back.body.usedBytes > content.length, back.body.quotaBytes, back.body.removedAt], [true, 10_000_000, null])
    const { takenBack, previousName, fileCount } = await details('CREATE')
    assert.deepEqual([takenBack, previousName, fileCount], [true, 'Orphanage', 1])
    assert.ok((await world.api.bytes(file.id)).bytes.equals(content))
    assert.equal((await world.api.file(file.id)).target.removed, false)
    await remove(namesake.body.id, '')
  })

  test('T9 O6: another tenant at the same place takes nothing back, and its answers know nothing of it', async () => {
    const { target, file } = await withFile('Ours', 'ours')
    assert.equal((await remove(target.id, target.name)).status, 204)
    const other = await world.newTenant('stranger')
    const theirs = await create(fields({ name: 'Theirs', place: { ...place(), folder: 'ours' } }), other.api.admin)
    assert.deepEqual([theirs.status, theirs.body.id === target.id, theirs.body.fileCount, theirs.body.usedBytes], [201, false, 0, 0])
    assert.equal((await other.api.admin.call('GET', `/files/${file.id}/content`)).status, 404)
    const body = { kind: 'smb', place: target.place, targetId: target.id }
    assert.equal((await other.api.admin.call('POST', '/targets/test', { body })).status, 404)
    assert.equal((await world.api.call('GET', `/files/${file.id}/content`)).status, 410)
    const [one, two] = await Promise.all(['A', 'B'].map((name) => create(fields({ name, place: { ...place(), folder: 'ours' } }))))
    assert.deepEqual([one?.status, two?.status].sort(), [201, 409])
    assert.equal((await world.api.bytes(file.id)).status, 200)
  })

  test('T10: what a role writes lies below its prefix, with the tenant behind it', async () => {
    await withFile('Prefixes', 'prefixes')
    const found = (await readdir(`${samba.folder}/prefixes`, { recursive: true })).filter((name) => name.endsWith('.bin'))
    assert.ok(found.length > 0)
    for (const name of found) assert.ok(name.startsWith(`attachments/${world.tenant.id}/`), name)
    const { items } = (await admin().call<PageOf<RoleBinding>>('GET', '/roles')).body
    assert.deepEqual(
      items.map((role) => role.prefix),
      ['attachments/', 'direct/', 'backups/', 'tenants/'],
    )
  })

  test('R1 S3: on a single server a remote target is staged where nobody says otherwise, and what was said stays', async () => {
    samba.smbclient('mkdir staged')
    const { body: target } = await create(fields({ name: 'Staged', place: { ...place(), folder: 'staged' } }))
    const put = async (role: string, body: object) => (await admin().call<RoleBinding>('PUT', `/roles/${role}`, { body })).body
    assert.equal((await put('encrypted', { targetId: target.id })).staged, true)
    assert.equal((await put('encrypted', { targetId: target.id, staged: false })).staged, false)
    const kept = await put('encrypted', { targetId: target.id })
    assert.equal(kept.staged, false)
    assert.deepEqual(
      kept.eligible.filter(({ targetId }) => [target.id, world.tenant.targetId].includes(targetId)).map((one) => one.stagedByDefault),
      [null, true],
    )
    assert.equal((await put('encrypted', { targetId: world.tenant.targetId })).staged, false)
    for (const [role, targetId] of [
      ['encrypted', world.tenant.targetId],
      ['backup', target.id],
      ['direct', target.id],
    ]) {
      assert.equal((await admin().call('PUT', `/roles/${role}`, { body: { targetId, staged: true } })).status, 409)
    }
    assert.equal((await put('backup', { targetId: target.id })).staged, false)
    await put('backup', { targetId: null })
  })
})
