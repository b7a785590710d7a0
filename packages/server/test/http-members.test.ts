import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Member, PageOf } from '@holdfast/api'
import { openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, other, store } = world
const token = tenant.tokens.admin
const person = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery', role: 'admin' }
const make = (changes: object = {}, as = token) =>
  send<Member>(app, { method: 'POST', url: '/api/v1/members', token: as, body: { ...person, ...changes } })
const list = async () => (await send<PageOf<Member>>(app, { url: '/api/v1/members', token })).json.items

test('N3: there is always an administrator, also when two are demoted at once', async () => {
  const ada = (await make()).json
  const patch = (userId: string, body: object) => send<Member>(app, { method: 'PATCH', url: `/api/v1/members/${userId}`, token, body })
  const remove = (userId: string) => send(app, { method: 'DELETE', url: `/api/v1/members/${userId}`, token })
  assert.equal((await patch(ada.userId, { role: 'viewer' })).status, 409)
  assert.equal((await remove(ada.userId)).status, 409)
  const bo = (await make({ email: 'bo@example.org', name: 'Bo' })).json
  const both = await Promise.all([patch(ada.userId, { role: 'viewer' }), patch(bo.userId, { role: 'viewer' })])
  assert.deepEqual(both.map((answer) => answer.status).sort(), [200, 409])
  assert.equal((await list()).filter((member) => member.role === 'admin').length, 1)
})

test('N3: an email signs in one person, whatever its case and tenant', async () => {
  assert.equal((await make({ email: 'Cy@example.org', role: 'viewer' })).status, 201)
  assert.equal((await make({ email: 'cy@EXAMPLE.org', role: 'viewer' })).status, 409)
  assert.equal((await make({ email: 'cy@example.org', role: 'viewer' }, other.tokens.admin)).status, 409)
})

test('N3: who is removed can be added again, as somebody new', async () => {
  const first = (await make({ email: 'di@example.org', role: 'viewer' })).json
  assert.equal((await send(app, { method: 'DELETE', url: `/api/v1/members/${first.userId}`, token })).status, 204)
  assert.equal((await send(app, { method: 'DELETE', url: `/api/v1/members/${first.userId}`, token })).status, 404)
  const second = await make({ email: 'di@example.org', role: 'viewer' })
  assert.equal(second.status, 201)
  assert.notEqual(second.json.userId, first.userId)
})

test('A1: changes of members are in the log with what changed, never with a password', async () => {
  const { userId } = (await make({ email: 'eli@example.org', role: 'viewer' })).json
  const body = { name: 'Eli', role: 'auditor', password: 'another long password' }
  const changed = await send<Member>(app, { method: 'PATCH', url: `/api/v1/members/${userId}`, token, body })
  assert.deepEqual([changed.json.name, changed.json.role], ['Eli', 'auditor'])
  await send(app, { method: 'PATCH', url: `/api/v1/members/${userId}`, token, body: { name: 'Eli' } })
  const entries = (await store.read.audit.list(tenant.id, { action: 'UPDATE' }, { limit: 100 })).filter((entry) =>
    entry.details.includes(userId),
  )
  assert.equal(entries.length, 1)
  const details = JSON.parse(entries[0]?.details ?? '{}')
  assert.deepEqual([details.changed, details.fromRole, details.toRole], [['role', 'name', 'password'], 'viewer', 'auditor'])
  assert.ok(!JSON.stringify(await store.read.audit.list(tenant.id, {}, { limit: 1000 })).includes('another long password'))
})

test('N3: members come in pages, each once', async () => {
  const seen: string[] = []
  for (let url = '/api/v1/members?limit=2'; url !== ''; ) {
    const page: PageOf<Member> = (await send<PageOf<Member>>(app, { url, token })).json
    seen.push(...page.items.map((member) => member.userId))
    url = page.nextCursor === null ? '' : `/api/v1/members?limit=2&cursor=${page.nextCursor}`
  }
  assert.deepEqual(seen, [...new Set(seen)].sort())
  assert.equal(seen.length, (await list()).length)
})

test('N3: bad input makes no member', async () => {
  const before = (await list()).length
  for (const bad of [
    { email: 'nobody' },
    { email: '' },
    { password: 'short' },
    { password: 'x'.repeat(129) },
    { role: 'owner' },
    { name: '' },
    { id: 'x' },
  ]) {
    assert.equal((await make({ email: 'new@example.org', ...bad })).status, 400, JSON.stringify(bad))
  }
  assert.equal((await list()).length, before)
  assert.equal((await send(app, { method: 'PATCH', url: '/api/v1/members/..%2f..', token, body: {} })).status, 400)
})
