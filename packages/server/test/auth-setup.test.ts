import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Me, PageOf, RoleBinding, Target } from '@holdfast/api'
import { commandLineActor, commandLineCaller } from '../src/services/caller.ts'
import { mintSetupCode } from '../src/services/setup.ts'
import { openWorld, send, type World } from './http-world.ts'

const person = { name: 'Ada', email: 'Ada@Example.org', password: 'correct horse battery', organisation: 'The Lab' }
const runSetup = (world: World, code: string, changes: object = {}) =>
  send(world.app, { method: 'POST', url: '/api/v1/setup', body: { ...person, code, ...changes } })
const isNeeded = async (world: World) => (await send<{ needed: boolean }>(world.app, { url: '/api/v1/setup' })).json.needed

async function signedIn(world: World): Promise<{ me: Me; cookie: string }> {
  const body = { email: person.email, password: person.password }
  const answer = await send<Me>(world.app, { method: 'POST', url: '/api/auth/sign-in/email', body })
  assert.equal(answer.status, 200, answer.text)
  return { me: answer.json, cookie: String([answer.headers['set-cookie'] ?? ''].flat()[0]).split(';', 1)[0] ?? '' }
}

test('T2 N3: setup makes the first administrator, the tenant, and its Local target bound to Encrypted', async () => {
  await using world = await openWorld({ fresh: true })
  assert.equal(await isNeeded(world), true)
  const done = await runSetup(world, world.setupCode ?? '')
  assert.equal(done.status, 201, done.text)
  assert.equal(await isNeeded(world), false)
  const { me, cookie } = await signedIn(world)
  assert.deepEqual([me.name, me.email, me.role, me.tenant.name], ['Ada', 'ada@example.org', 'admin', 'The Lab'])
  const targets = await send<PageOf<Target>>(world.app, { url: '/api/v1/targets', headers: { cookie } })
  const [local] = targets.json.items
  assert.equal(targets.json.items.length, 1)
  assert.deepEqual([local?.name, local?.kind, local?.builtin, local?.place, local?.quotaBytes], ['Local', 'local', true, {}, null])
  assert.deepEqual(local?.roles.toSorted(), ['encrypted', 'objects'])
  const roles = await send<PageOf<RoleBinding>>(world.app, { url: '/api/v1/roles', headers: { cookie } })
  assert.deepEqual(
    roles.json.items.map(({ role, targetId }) => [role, targetId]),
    [
      ['encrypted', local?.id],
      ['direct', null],
      ['backup', null],
      ['objects', local?.id],
    ],
  )
})

test('A1: what setup makes is in the log, without the code or the password', async () => {
  await using world = await openWorld({ fresh: true })
  await runSetup(world, world.setupCode ?? '')
  const { me } = await signedIn(world)
  const entries = await world.store.read.audit.list(me.tenant.id, {}, { limit: 100 })
  const told = entries.map((entry) => `${entry.action} ${(JSON.parse(entry.details) as { kind?: string }).kind ?? ''}`.trim()).reverse()
  assert.deepEqual(told, ['CREATE tenant', 'CREATE target', 'ROLE_BOUND', 'ROLE_BOUND', 'CREATE member', 'SIGN_IN'])
  assert.ok(!JSON.stringify(entries).includes(person.password) && !JSON.stringify(entries).includes(world.setupCode ?? 'none'))
})

test('S1: the tenant has its key from the start', async () => {
  await using world = await openWorld({ fresh: true })
  await runSetup(world, world.setupCode ?? '')
  const { me } = await signedIn(world)
  assert.ok(await world.store.read.keys.findTenantKey(me.tenant.id))
})

test('N3: setup takes the code alone, in any case and grouping', async () => {
  await using world = await openWorld({ fresh: true })
  const code = world.setupCode ?? ''
  for (const wrong of ['AAAA-AAAA-AAAA-AAAA-AAAA', code.slice(0, -1), `${code}2`, '--------']) {
    assert.equal((await runSetup(world, wrong)).status, 403, wrong)
  }
  assert.equal(await isNeeded(world), true)
  assert.equal((await runSetup(world, code.replaceAll('-', ' ').toLowerCase())).status, 201)
})

test('N3: codes have 100 bits and do not repeat', () => {
  const codes = Array.from({ length: 200 }, () => mintSetupCode().text)
  assert.equal(new Set(codes).size, codes.length)
  for (const code of codes) assert.match(code, /^([2-9A-HJ-NP-Z]{4}-){4}[2-9A-HJ-NP-Z]{4}$/)
})

test('N3: guessing the code is slowed down', async () => {
  await using world = await openWorld({ fresh: true })
  const statuses: number[] = []
  for (let guess = 0; guess < 8; guess += 1) statuses.push((await runSetup(world, 'AAAA-AAAA-AAAA-AAAA-AAAA')).status)
  assert.deepEqual(statuses, [403, 403, 403, 403, 403, 403, 429, 429])
})

test('N3: setup works once, also for two at the same time', async () => {
  await using world = await openWorld({ fresh: true })
  const code = world.setupCode ?? ''
  const both = await Promise.all([runSetup(world, code), runSetup(world, code, { email: 'eve@example.org' })])
  assert.deepEqual(both.map((answer) => answer.status).sort(), [201, 409])
  assert.equal((await runSetup(world, code, { email: 'late@example.org' })).status, 409)
  const tenant = await world.store.read.tenants.findFirst()
  assert.equal((await world.store.read.memberships.list(tenant?.id ?? '', { limit: 10, after: null })).length, 1)
})

test('N3: setup takes no short password and no other fields', async () => {
  await using world = await openWorld({ fresh: true })
  const code = world.setupCode ?? ''
  for (const bad of [{ password: 'short' }, { email: 'nobody' }, { name: '' }, { role: 'admin' }, { code: 1 }]) {
    assert.equal((await runSetup(world, code, bad)).status, 400, JSON.stringify(bad))
  }
  assert.equal(await isNeeded(world), true)
})

test('T2 N3: the command line makes the same tenant on a fresh folder, and setup joins it', async () => {
  await using world = await openWorld({ fresh: true })
  const { setup, tokens } = world.services
  const [tenant, again] = await Promise.all([setup.ensureDefaultTenant(commandLineActor), setup.ensureDefaultTenant(commandLineActor)])
  assert.equal(tenant.id, again.id)
  const { secret } = await tokens.create(commandLineCaller(tenant.id), { name: 'CLI', role: 'admin' })
  assert.equal((await send<Me>(world.app, { url: '/api/v1/me', token: secret })).json.tenant.id, tenant.id)
  assert.equal(await isNeeded(world), true)
  assert.equal((await runSetup(world, world.setupCode ?? '')).status, 201)
  assert.equal((await signedIn(world)).me.tenant.id, tenant.id)
  const targets = await world.store.read.targets.list(tenant.id, { limit: 10, after: null })
  assert.equal(targets.length, 1)
})

test('N3: a server that is set up mints no code', async () => {
  await using world = await openWorld()
  const body = { name: 'Ada', email: 'ada@example.org', password: person.password, role: 'admin' }
  await send(world.app, { method: 'POST', url: '/api/v1/members', token: world.tenant.tokens.admin, body })
  assert.equal((await runSetup(world, world.setupCode ?? 'AAAA-AAAA')).status, 409)
})
