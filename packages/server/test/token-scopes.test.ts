import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  type Job,
  type Me,
  type Member,
  type PageOf,
  type RoleName,
  type Token,
  type TokenCreated,
  type TokenScope,
  tokenScopes,
} from '@holdfast/api'
import { mayDo, type Permission, permissions, scopePermissions } from '../src/core/access.ts'
import { newId } from '../src/core/ids.ts'
import { commandLineCaller } from '../src/services/caller.ts'
import { contractOf } from './http-contract.ts'
import { openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, store, services } = world
const { admin } = tenant.tokens

const create = (body: object, token = admin) => send<TokenCreated>(app, { method: 'POST', url: '/api/v1/tokens', token, body })
const scoped = async (role: string, scopes: readonly TokenScope[]) =>
  (await create({ name: `${role} ${scopes}`, role, scopes })).json.secret

test('N3: a limited token passes exactly the routes that both its role and its scopes allow', { timeout: 120_000 }, async () => {
  const guarded = contractOf(app).operations.filter(({ permission }) => permission !== 'public' && permission !== 'signed-in')
  for (const [role, scopes] of [
    ['admin', ['upload.write', 'upload.read']],
    ['viewer', ['upload.write', 'case.read']],
    ['admin', ['hold.write', 'webhook.write', 'storage.read', 'audit.read']],
  ] as const) {
    const token = await scoped(role, scopes)
    const allowed = new Set<Permission>(scopes.flatMap((scope) => scopePermissions[scope]).filter((permission) => mayDo(role, permission)))
    for (const operation of guarded) {
      const url = operation.path.replace(/\{role\}/, 'direct').replace(/\{[^}]+\}/g, () => newId())
      const call = { method: operation.method as 'GET', url, token, ...(operation.hasBody ? { body: {} } : {}) }
      const { status } = await send(app, call)
      const may = allowed.has(operation.permission as Permission)
      assert.equal(status === 403, !may, `${role} ${scopes}: ${operation.method} ${operation.path} answered ${status}`)
    }
    const { json: me } = await send<Me>(app, { url: '/api/v1/me', token })
    assert.deepEqual(new Set(me.permissions), allowed)
  }
})

test('N3: a refusal says whether the role or a scope is missing; no scope reaches tokens, members or settings of storage', async () => {
  const token = await scoped('admin', ['upload.read'])
  const body = { name: 'Wider', role: 'admin' }
  const wider = await create(body, token)
  assert.equal(wider.status, 403)
  assert.match(String((wider.json as unknown as { detail: string }).detail), /scopes of this token/)
  const reachable = new Set(tokenScopes.flatMap((scope) => scopePermissions[scope]))
  const never: Permission[] = [
    'token.read',
    'token.write',
    'member.read',
    'member.write',
    'target.write',
    'job.write',
    'class.write',
    'file.sync',
  ]
  assert.deepEqual(permissions.filter((permission) => !reachable.has(permission)).toSorted(), never.toSorted())
})

test('N3: scopes are shown and in the log; unknown, empty and double ones are refused', async () => {
  const made = await create({ name: 'CI', role: 'examiner', scopes: ['upload.write'] })
  assert.deepEqual(made.json.token.scopes, ['upload.write'])
  const list = await send<PageOf<Token>>(app, { url: '/api/v1/tokens?limit=200', token: admin })
  assert.deepEqual(list.json.items.find(({ id }) => id === made.json.token.id)?.scopes, ['upload.write'])
  assert.equal(list.json.items.find(({ name }) => name === 'admin of first')?.scopes, null)
  const [entry] = await store.read.audit.list(tenant.id, { action: 'CREATE' }, { limit: 1 })
  assert.deepEqual(JSON.parse(entry?.details ?? '').scopes, ['upload.write'])
  for (const scopes of [[], ['everything'], ['upload.read', 'upload.read'], 'upload.read'])
    assert.equal((await create({ name: 'Bad', role: 'examiner', scopes })).status, 400)
})

test('N3: removing a member revokes the tokens that they made, and those that these made, and no other', async () => {
  const member = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery', role: 'admin' }
  const { json: ada } = await send<Member>(app, { method: 'POST', url: '/api/v1/members', token: admin, body: member })
  const asAda = { ...commandLineCaller(tenant.id), actor: { kind: 'user' as const, id: ada.userId, name: 'Ada' } }
  const hers = await services.tokens.create(asAda, { name: 'Hers', role: 'admin' })
  const child = (await create({ name: 'Its child', role: 'admin' }, hers.secret)).json
  const other = (await create({ name: 'Unrelated', role: 'viewer' })).json
  const second = { ...member, name: 'Eve', email: 'eve@example.org' }
  await send(app, { method: 'POST', url: '/api/v1/members', token: admin, body: second })
  assert.equal((await send(app, { method: 'DELETE', url: `/api/v1/members/${ada.userId}`, token: admin })).status, 204)
  const status = async (secret: string) => (await send(app, { url: '/api/v1/me', token: secret })).status
  assert.deepEqual(await Promise.all([hers, child, other].map(({ secret }) => status(secret))), [401, 401, 200])
  const entries = await store.read.audit.list(tenant.id, { action: 'DELETE' }, { limit: 3 })
  const told = entries.map(({ details }) => JSON.parse(details)).filter(({ kind }) => kind === 'token')
  assert.deepEqual(new Set(told.map(({ name }) => name)), new Set(['Hers', 'Its child']))
})

test('N3: a lower role revokes the tokens that its member made and that may do more than it, and no other', async () => {
  const member = { name: 'Cleo', email: 'cleo@example.org', password: 'correct horse battery', role: 'admin' }
  const { json: cleo } = await send<Member>(app, { method: 'POST', url: '/api/v1/members', token: admin, body: member })
  const asCleo = { ...commandLineCaller(tenant.id), actor: { kind: 'user' as const, id: cleo.userId, name: 'Cleo' } }
  const make = (name: string, role: RoleName) => services.tokens.create(asCleo, { name, role })
  const [wide, log, narrow] = [await make('Wide', 'admin'), await make('Log', 'auditor'), await make('Narrow', 'viewer')]
  const child = (await create({ name: 'Child of Wide', role: 'viewer' }, wide.secret)).json
  const become = (role: RoleName) => send(app, { method: 'PATCH', url: `/api/v1/members/${cleo.userId}`, token: admin, body: { role } })
  const statuses = () =>
    Promise.all([wide, log, narrow, child].map(async ({ secret }) => (await send(app, { url: '/api/v1/me', token: secret })).status))
  assert.equal((await become('examiner')).status, 200)
  assert.deepEqual(await statuses(), [401, 401, 200, 401])
  const entries = await store.read.audit.list(tenant.id, { action: 'DELETE' }, { limit: 3 })
  const told = entries.map(({ details }) => JSON.parse(details))
  assert.deepEqual(told.map(({ name }) => name).toSorted(), ['Child of Wide', 'Log', 'Wide'])
  for (const { reason } of told) assert.match(reason, /role of the member who made it was lowered/)
  assert.equal((await become('admin')).status, 200)
  assert.deepEqual(await statuses(), [401, 401, 200, 401], 'what was revoked stays so')
})

test('O6: the jobs of the system are seen by every tenant and steered by none', async () => {
  const id = await store.transaction((tx) => tx.jobs.enqueue({ kind: 'nothing', tenantId: null, payload: {} }))
  const { json } = await send<PageOf<Job>>(app, { url: '/api/v1/jobs?limit=200', token: admin })
  assert.equal(json.items.find((job) => job.id === id)?.system, true)
  for (const step of ['cancel', 'retry'])
    assert.equal((await send(app, { method: 'POST', url: `/api/v1/jobs/${id}/${step}`, token: admin })).status, 403)
  assert.equal((await store.read.jobs.find(tenant.id, id))?.status, 'queued')
})
