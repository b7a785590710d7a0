import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Case, Me, Member, PageOf, Target } from '@holdfast/api'
import { type Place, postgresPlaces } from './database-places.ts'
import { openWorld, send, type World } from './http-world.ts'

// What could differ from SQLite: better-auth's columns, text search, upserts, and changes at the same time.

const places = postgresPlaces()
let place: Place
let world: World
before(async () => {
  place = await places.create()
  world = await openWorld({ database: await place.open() })
})
after(async () => {
  await world?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
  await places.end()
})
const password = 'correct horse battery'

test('N1 N3: on PostgreSQL a member signs in, changes the password, signs out and is removed', async () => {
  const { app, tenant } = world
  const { admin } = tenant.tokens
  const body = { name: 'Ada', email: 'Ada@example.org', password, role: 'examiner' }
  const made = await send<Member>(app, { method: 'POST', url: '/api/v1/members', token: admin, body })
  assert.equal(made.status, 201, made.text)
  assert.equal((await send(app, { method: 'POST', url: '/api/v1/members', token: admin, body })).status, 409)
  const signIn = (secret: string) =>
    send<Me>(app, { method: 'POST', url: '/api/auth/sign-in/email', body: { email: body.email, password: secret } })
  const cookieOf = (lines: unknown) => String([lines].flat()[0]).split(';', 1)[0] ?? ''
  assert.equal((await signIn('wrong')).status, 401)
  const signedIn = await signIn(password)
  assert.equal(signedIn.json.name, 'Ada')
  const own = { cookie: cookieOf(signedIn.headers['set-cookie']), 'sec-fetch-site': 'same-origin' }
  const change = { currentPassword: password, newPassword: 'a new, longer password' }
  const changed = await send(app, { method: 'POST', url: '/api/auth/change-password', headers: own, body: change })
  assert.equal(changed.status, 204, changed.text)
  assert.equal((await send(app, { url: '/api/v1/me', headers: own })).status, 401)
  const again = { ...own, cookie: cookieOf(changed.headers['set-cookie']) }
  assert.equal((await send(app, { method: 'POST', url: '/api/auth/sign-out', headers: again, body: {} })).status, 204)
  assert.equal((await send(app, { url: '/api/v1/me', headers: again })).status, 401)
  assert.equal((await send(app, { method: 'DELETE', url: `/api/v1/members/${made.json.userId}`, token: admin })).status, 204)
  assert.equal((await signIn(change.newPassword)).status, 401)
})

test('N1: on PostgreSQL requests at the same time have one effect under one key, and one winner from one version', async () => {
  const { app, tenant } = world
  const create = { method: 'POST', url: '/api/v1/cases', token: tenant.tokens.examiner, headers: { 'idempotency-key': 'once' } } as const
  const body = { number: 'CASE-1', title: 'Once' }
  const made = await Promise.all(Array.from({ length: 6 }, () => send<Case>(app, { ...create, body })))
  assert.deepEqual(new Set(made.map((answer) => answer.status)), new Set([201]))
  assert.equal(new Set(made.map((answer) => answer.json.id)).size, 1)
  const url = `/api/v1/cases/${made[0]?.json.id}`
  const patch = (title: string) =>
    send(app, { method: 'PATCH', url, token: tenant.tokens.examiner, headers: { 'if-match': '"1"' }, body: { title } })
  const statuses = (await Promise.all(['A', 'B', 'C'].map(patch))).map((answer) => answer.status)
  assert.deepEqual(statuses.sort(), [200, 412, 412])
  const numbers = await Promise.all(
    Array.from({ length: 4 }, () => send(app, { ...create, headers: {}, body: { number: 'CASE-2', title: 'Race' } })),
  )
  assert.deepEqual(numbers.map((answer) => answer.status).sort(), [201, 409, 409, 409])
})

test('N1: on PostgreSQL lists are searched and come in the same order', async () => {
  const { app, tenant } = world
  for (const title of ['100% of it', 'under_score', 'back\\slash']) {
    const body = { number: `S-${title.length}-${title.charCodeAt(0)}`, title }
    assert.equal((await send(app, { method: 'POST', url: '/api/v1/cases', token: tenant.tokens.examiner, body })).status, 201)
  }
  const search = async (q: string) =>
    (await send<PageOf<Case>>(app, { url: `/api/v1/cases?q=${encodeURIComponent(q)}`, token: tenant.tokens.viewer })).json.items.map(
      (item) => item.title,
    )
  assert.deepEqual(await search('%'), ['100% of it'])
  assert.deepEqual(await search('R_S'), ['under_score'])
  assert.deepEqual(await search('\\'), ['back\\slash'])
  const all = (await send<PageOf<Case>>(app, { url: '/api/v1/cases', token: tenant.tokens.viewer })).json.items.map((item) => item.id)
  assert.deepEqual(all, [...all].sort().reverse())
})

test('N1 O13: a NUL, which no text of PostgreSQL holds, is refused where it stands, in a body and in a query', async () => {
  const { app, tenant } = world
  const post = (body: object) =>
    send<{ errors?: object[] }>(app, { method: 'POST', url: '/api/v1/cases', token: tenant.tokens.admin, body })
  const query = (url: string) => send<{ errors?: object[] }>(app, { url, token: tenant.tokens.admin })
  const answers: [string, Awaited<ReturnType<typeof post>>][] = [
    ['title', await post({ number: 'NUL-1', title: 'a\u0000b' })],
    ['description', await post({ number: 'NUL-1', title: 'a', description: '\u0000' })],
    ['q', await query('/api/v1/cases?q=%00')],
    ['action', await query('/api/v1/audit/entries?action=%00')],
  ]
  for (const [field, { status, json }] of answers) {
    assert.equal(status, 400, field)
    assert.deepEqual(json.errors, [{ field, message: 'must not hold the character NUL' }])
  }
  assert.equal((await post({ number: 'NUL-1', title: 'a' })).status, 201)
})

test('N1: on PostgreSQL the last administrator stays, and targets and roles answer', async () => {
  const { app, tenant } = world
  const { admin } = tenant.tokens
  const make = async (email: string) => {
    const body = { name: email, email, password, role: 'admin' }
    return (await send<Member>(app, { method: 'POST', url: '/api/v1/members', token: admin, body })).json.userId
  }
  const people = [await make('bo@example.org'), await make('cy@example.org')]
  const demote = (userId: string) =>
    send(app, { method: 'PATCH', url: `/api/v1/members/${userId}`, token: admin, body: { role: 'viewer' } })
  assert.deepEqual((await Promise.all(people.map(demote))).map((answer) => answer.status).sort(), [200, 409])
  const targets = await send<PageOf<Target>>(app, { url: '/api/v1/targets', token: admin })
  assert.deepEqual(
    targets.json.items.map((target) => [target.name, target.fileCount, target.roles]),
    [['Local', 0, ['encrypted', 'objects']]],
  )
  const bind = { method: 'PUT', url: '/api/v1/roles/backup', token: admin, body: { targetId: tenant.targetId } } as const
  for (const _ of [1, 2]) assert.equal((await send(app, bind)).status, 200)
  assert.deepEqual((await send(app, { url: '/readyz' })).json, { ready: true, checks: { database: true } })
})
