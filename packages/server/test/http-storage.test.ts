import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { PageOf, RoleBinding, Target, TargetTest } from '@holdfast/api'
import { newId } from '../src/core/ids.ts'
import { type Call, openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, other, store, services } = world
const url = `/api/v1/targets/${tenant.targetId}`
const call = <T = Record<string, unknown>>(method: NonNullable<Call['method']>, at: string, rest: Partial<Call> = {}) =>
  send<T>(app, { method, url: at, token: tenant.tokens.admin, ...rest })
const getLocal = async () => (await call<Target>('GET', url)).json

async function makeRemote(name: string, quotaBytes: number | null = null): Promise<string> {
  const id = newId()
  const row = await store.read.targets.find(tenant.id, tenant.targetId)
  assert.ok(row)
  const credentials = new TextEncoder().encode('sealed credentials')
  await store.transaction((tx) =>
    tx.targets.insert({
      ...row,
      id,
      name,
      kind: 'sftp',
      place: { host: 'h' },
      builtin: false,
      quotaBytes,
      credentials,
      usedBytes: 0,
      reservedBytes: 0,
    }),
  )
  return id
}

test('T2: the Local target cannot be deleted or change its type; its name and quota can be set', async () => {
  const refused = await call('DELETE', url)
  assert.equal(refused.status, 409)
  assert.match(String(refused.json.detail), /built-in/)
  assert.equal((await call('PATCH', url, { body: { kind: 's3' } })).status, 400)
  const changed = await call<Target>('PATCH', url, { headers: { 'if-match': '"1"' }, body: { name: 'The vault', quotaBytes: 10_000 } })
  assert.deepEqual([changed.json.name, changed.json.quotaBytes, changed.json.version], ['The vault', 10_000, 2])
  assert.equal((await call('PATCH', url, { headers: { 'if-match': '"1"' }, body: { name: 'x' } })).status, 412)
  const [entry] = await store.read.audit.list(tenant.id, { action: 'UPDATE' }, { limit: 1 })
  assert.deepEqual(JSON.parse(entry?.details ?? '').changed, ['name', 'quotaBytes'])
  assert.equal((await call<Target>('PATCH', url, { body: { quotaBytes: null } })).json.quotaBytes, null)
})

test('T8: a quota may be zero or below what is stored, and is an integer of bytes', async () => {
  await store.transaction(async (tx) => {
    await tx.targets.reserve(tenant.targetId, 500)
    await tx.targets.settle(tenant.targetId, { reservedBytes: 500, usedBytes: 500 })
  })
  for (const quotaBytes of [0, 100, Number.MAX_SAFE_INTEGER]) {
    const answer = await call<Target>('PATCH', url, { body: { quotaBytes } })
    assert.deepEqual([answer.status, answer.json.quotaBytes, answer.json.usedBytes], [200, quotaBytes, 500])
  }
  for (const quotaBytes of [-1, 1.5, '5', 2 ** 53]) assert.equal((await call('PATCH', url, { body: { quotaBytes } })).status, 400)
  await store.transaction((tx) => tx.targets.free(tenant.targetId, 500))
  await call('PATCH', url, { body: { quotaBytes: null } })
})

test('T6 T7: Test connection does the round trip and is noted on the target and in the log', async () => {
  assert.equal((await getLocal()).lastTestAt, null)
  const tested = await call<TargetTest>('POST', `${url}/test`, { body: {} })
  assert.equal(tested.json.ok, true)
  assert.ok(tested.json.steps.length > 0 && tested.json.steps.every((step) => step.ok))
  const local = await getLocal()
  assert.equal(local.lastTestOk, true)
  assert.equal(local.lastTestAt, local.lastPassAt)
  const [entry] = await store.read.audit.list(tenant.id, { action: 'TARGET_TESTED' }, { limit: 1 })
  assert.deepEqual([entry?.result, JSON.parse(entry?.details ?? '').failedStep], ['ok', null])
})

test('R1: every role says which targets can serve it, and why not; Direct takes no local one', async () => {
  const remote = await makeRemote('Server')
  const roles = (await call<PageOf<RoleBinding>>('GET', '/api/v1/roles')).json.items
  assert.deepEqual(
    roles.map((role) => [role.role, role.targetId]),
    [
      ['encrypted', tenant.targetId],
      ['direct', null],
      ['backup', null],
      ['objects', tenant.targetId],
    ],
  )
  for (const role of roles) {
    const local = role.eligible.find((choice) => choice.targetId === tenant.targetId)
    assert.equal(local?.ok, role.role !== 'direct')
    assert.equal(role.eligible.find((choice) => choice.targetId === remote)?.ok, true)
  }
  const refused = await call('PUT', '/api/v1/roles/direct', { body: { targetId: tenant.targetId } })
  assert.equal(refused.status, 409)
  assert.match(String(refused.json.detail), /S3, SMB or SFTP/)
  const bound = await call<RoleBinding>('PUT', '/api/v1/roles/direct', { body: { targetId: remote } })
  assert.equal(bound.json.targetId, remote)
  assert.deepEqual((await call<Target>('GET', `/api/v1/targets/${remote}`)).json.roles, ['direct'])
  const [entry] = await store.read.audit.list(tenant.id, { action: 'ROLE_BOUND' }, { limit: 1 })
  assert.deepEqual(JSON.parse(entry?.details ?? ''), { role: 'direct', targetId: remote, previousTargetId: null, staged: false })
})

test('R1 R4: Direct and Backup can be unbound, Encrypted cannot; unknown roles and targets are refused', async () => {
  assert.equal((await call<RoleBinding>('PUT', '/api/v1/roles/direct', { body: { targetId: null } })).json.targetId, null)
  assert.equal((await call('PUT', '/api/v1/roles/encrypted', { body: { targetId: null } })).status, 409)
  assert.equal((await call('PUT', '/api/v1/roles/backup', { body: { targetId: newId() } })).status, 404)
  assert.equal((await call('PUT', '/api/v1/roles/backup', { body: { targetId: other.targetId } })).status, 404)
  assert.equal((await call('PUT', '/api/v1/roles/owner', { body: { targetId: null } })).status, 400)
  assert.equal((await call('PUT', '/api/v1/roles/backup', { body: {} })).status, 400)
  const count = (await store.read.audit.list(tenant.id, { action: 'ROLE_BOUND' }, { limit: 100 })).length
  assert.equal((await call('PUT', '/api/v1/roles/encrypted', { body: { targetId: tenant.targetId } })).status, 200)
  assert.equal((await store.read.audit.list(tenant.id, { action: 'ROLE_BOUND' }, { limit: 100 })).length, count)
})

test('R2: a target that a role is bound to cannot be deleted; one without files can, and its credentials go', async () => {
  const remote = await makeRemote('To be deleted')
  await call('PUT', '/api/v1/roles/backup', { body: { targetId: remote } })
  const bound = await call('DELETE', `/api/v1/targets/${remote}`)
  assert.equal(bound.status, 409)
  assert.match(String(bound.json.detail), /backup/)
  await call('PUT', '/api/v1/roles/backup', { body: { targetId: null } })
  assert.equal((await call('DELETE', `/api/v1/targets/${remote}`)).status, 204)
  assert.equal((await call('GET', `/api/v1/targets/${remote}`)).status, 404)
  assert.equal((await call('PUT', '/api/v1/roles/backup', { body: { targetId: remote } })).status, 404)
  assert.equal((await store.read.targets.find(tenant.id, remote))?.credentials, null)
})

test('T1: no answer holds credentials, not even sealed ones', async () => {
  await makeRemote('Another server')
  const list = await call<PageOf<Target>>('GET', '/api/v1/targets')
  assert.ok(list.json.items.length >= 2)
  assert.doesNotMatch(list.text.replaceAll(/"hasCredentials":(true|false)/g, ''), /credentials":|sealed|hush/i)
})

test('T1: a new target is checked before it is kept', async () => {
  const caller = await services.tokens.authenticate(tenant.tokens.admin, 'test')
  assert.ok(caller)
  const request = { name: 'x', kind: 's3' as const, place: { nonsense: 1 }, credentials: { secret: 'hush-hush' }, quotaBytes: null }
  const error = await services.targets.create(caller, request).then(
    () => assert.fail('it was taken'),
    (failure: unknown) => failure as { code: string; message: string; errors: unknown },
  )
  assert.equal(error.code, 'VALIDATION_ERROR')
  assert.doesNotMatch(JSON.stringify(error) + error.message, /hush-hush/)
})
