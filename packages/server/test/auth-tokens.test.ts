import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, test } from 'node:test'
import type { Me, PageOf, Token, TokenCreated } from '@holdfast/api'
import { openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, store, clock } = world
const admin = tenant.tokens.admin

async function makeToken(body: object): Promise<TokenCreated> {
  const made = await send<TokenCreated>(app, { method: 'POST', url: '/api/v1/tokens', token: admin, body })
  assert.equal(made.status, 201, made.text)
  return made.json
}
const statusOf = async (token: string) => (await send(app, { url: '/api/v1/me', token })).status

test('N3: a token is shown once, and the database has its hash alone', async () => {
  const { token, secret } = await makeToken({ name: 'Import', role: 'examiner' })
  assert.match(secret, /^hf_[A-Za-z0-9_-]{43}$/)
  const me = await send<Me>(app, { url: '/api/v1/me', token: secret })
  assert.deepEqual([me.json.kind, me.json.id, me.json.name, me.json.role], ['token', token.id, 'Import', 'examiner'])
  const row = await store.read.tokens.find(tenant.id, token.id)
  assert.equal(row?.hash, hash('sha256', secret))
  const list = await send(app, { url: '/api/v1/tokens?limit=200', token: admin })
  assert.ok(!list.text.includes(secret) && !list.text.includes(row?.hash ?? 'none'))
  const entries = await store.read.audit.list(tenant.id, { action: 'CREATE' }, { limit: 100 })
  assert.ok(entries.some((entry) => entry.details.includes(token.id)))
  assert.ok(!JSON.stringify(entries).includes(secret))
})

test('N3: a token ends when it expires and when it is revoked, and revoking can be repeated', async () => {
  const short = await makeToken({ name: 'A day', role: 'viewer', expiresInDays: 1 })
  const revoked = await makeToken({ name: 'Revoked', role: 'viewer' })
  assert.equal(await statusOf(short.secret), 200)
  const revoke = () => send(app, { method: 'DELETE', url: `/api/v1/tokens/${revoked.token.id}`, token: admin })
  assert.equal((await revoke()).status, 204)
  assert.equal((await revoke()).status, 204)
  assert.equal(await statusOf(revoked.secret), 401)
  const deleted = await store.read.audit.list(tenant.id, { action: 'DELETE' }, { limit: 100 })
  assert.equal(deleted.filter((entry) => entry.details.includes(revoked.token.id)).length, 1)
  clock.advance(24 * 3600 * 1000)
  assert.equal(await statusOf(short.secret), 401)
  const list = await send<PageOf<Token>>(app, { url: '/api/v1/tokens?limit=200', token: admin })
  assert.notEqual(list.json.items.find((item) => item.id === revoked.token.id)?.revokedAt, null)
})

test('N3: the last use is noted, once a minute', async () => {
  const { token, secret } = await makeToken({ name: 'Busy', role: 'viewer' })
  const lastUse = async () => (await store.read.tokens.find(tenant.id, token.id))?.lastUsedAt ?? null
  assert.equal(await lastUse(), null)
  await statusOf(secret)
  const first = await lastUse()
  assert.notEqual(first, null)
  clock.advance(30_000)
  await statusOf(secret)
  assert.equal(await lastUse(), first)
  clock.advance(31_000)
  await statusOf(secret)
  assert.ok((await lastUse())! > first!)
})

test('N3: a bad token is refused even beside a good cookie', async () => {
  const body = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery', role: 'viewer' }
  await send(app, { method: 'POST', url: '/api/v1/members', token: admin, body })
  const signedIn = await send(app, { method: 'POST', url: '/api/auth/sign-in/email', body: { email: body.email, password: body.password } })
  const cookie = String([signedIn.headers['set-cookie'] ?? ''].flat()[0]).split(';', 1)[0] ?? ''
  assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie } })).status, 200)
  assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie, authorization: 'Bearer hf_nothing' } })).status, 401)
})

test('N3: the list of tokens comes in pages, newest first, each token once', async () => {
  for (let at = 0; at < 5; at += 1) await makeToken({ name: `Page ${at}`, role: 'viewer' })
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: PageOf<Token> = (
      await send<PageOf<Token>>(app, { url: `/api/v1/tokens?limit=3${cursor && `&cursor=${cursor}`}`, token: admin })
    ).json
    seen.push(...page.items.map((item) => item.id))
    cursor = page.nextCursor
  }
  assert.deepEqual(seen, [...new Set(seen)].sort().reverse())
  assert.equal(seen.length, (await store.read.tokens.list(tenant.id, { limit: 1000, before: null })).length)
})

test('N3: bad input makes no token', async () => {
  const before = (await store.read.tokens.list(tenant.id, { limit: 1000, before: null })).length
  const bad = [
    {},
    { name: '', role: 'viewer' },
    { name: 'x', role: 'root' },
    { name: 'x', role: 'viewer', expiresInDays: 0 },
    { name: 'x', role: 'viewer', expiresInDays: 1.5 },
    { name: 'x', role: 'viewer', expiresInDays: '3' },
    { name: 'x'.repeat(201), role: 'viewer' },
    { name: 'x', role: 'viewer', tenantId: tenant.id },
    [],
    'text',
    null,
  ]
  for (const body of bad) {
    const headers = { 'content-type': 'application/json' }
    const answer = await send(app, { method: 'POST', url: '/api/v1/tokens', token: admin, headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(answer.json.code, 'VALIDATION_ERROR')
  }
  assert.equal((await store.read.tokens.list(tenant.id, { limit: 1000, before: null })).length, before)
})
