import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Me, Member } from '@holdfast/api'
import { type Answer, type Call, openWorld, send, type World } from './http-world.ts'

const password = 'correct horse battery'
const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, store } = world

let people = 0
async function makeMember(role = 'examiner'): Promise<Member> {
  people += 1
  const body = { name: `Person ${people}`, email: `Person${people}@Example.org`, password, role }
  const made = await send<Member>(app, { method: 'POST', url: '/api/v1/members', token: tenant.tokens.admin, body })
  assert.equal(made.status, 201, made.text)
  return made.json
}

const signIn = (email: string, secret = password, extra: Partial<Call> & { world?: World; body?: object } = {}): Promise<Answer<Me>> => {
  const { world: at = world, body, ...call } = extra
  return send<Me>(at.app, { method: 'POST', url: '/api/auth/sign-in/email', body: { email, password: secret, ...body }, ...call })
}
const cookieLines = (answer: Answer<unknown>): string[] => [answer.headers['set-cookie'] ?? []].flat().map(String)
const cookieOf = (answer: Answer<unknown>): string =>
  cookieLines(answer)
    .map((line) => line.split(';', 1)[0])
    .join('; ')
const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const entriesOf = async (action: string) => store.read.audit.list(tenant.id, { action }, { limit: 1000 })

test('N3: a person signs in by email, whatever its case, and is who the membership says', async () => {
  const member = await makeMember()
  assert.equal(member.email, 'person1@example.org')
  const answer = await signIn('PERSON1@example.org')
  assert.equal(answer.status, 200, answer.text)
  const me = await send<Me>(app, { url: '/api/v1/me', headers: { cookie: cookieOf(answer) } })
  assert.deepEqual(me.json, answer.json)
  assert.equal(me.json.kind, 'user')
  assert.equal(me.json.role, 'examiner')
  assert.equal(me.json.tenant.id, tenant.id)
  const [entry] = await entriesOf('SIGN_IN')
  assert.equal(entry?.actor.id, member.userId)
})

test('N3: the session cookie is out of reach of scripts and other sites, and Secure under https alone', async () => {
  const { email } = await makeMember()
  const [line = ''] = cookieLines(await signIn(email))
  assert.match(line, /^holdfast\.session_token=/)
  for (const attribute of [/; HttpOnly/i, /; SameSite=Lax/i, /; Path=\//i]) assert.match(line, attribute)
  assert.doesNotMatch(line, /Secure/i)

  await using https = await openWorld({ publicUrl: 'https://files.example.org' })
  const body = { name: 'Bo', email: 'bo@example.org', password, role: 'viewer' }
  await send(https.app, { method: 'POST', url: '/api/v1/members', token: https.tenant.tokens.admin, body })
  const answer = await signIn('bo@example.org', password, { world: https })
  assert.match(cookieLines(answer)[0] ?? '', /^__Secure-holdfast\.session_token=.*; Secure/i)
  assert.match(String(answer.headers['strict-transport-security']), /max-age=31536000/)
  assert.equal((await signIn(email)).headers['strict-transport-security'], undefined)
})

test('N3: without rememberMe the session ends with the browser', async () => {
  const { email } = await makeMember()
  assert.match(cookieLines(await signIn(email))[0] ?? '', /Max-Age=86400/i)
  assert.doesNotMatch(cookieLines(await signIn(email, password, { body: { rememberMe: false } }))[0] ?? '', /Max-Age|Expires/i)
})

test('N3: a wrong password, an unknown email and a former member get the same answer; each is in the log, without what was typed', async () => {
  const member = await makeMember()
  const before = (await entriesOf('SIGN_IN_FAILED')).length
  const wrong = await signIn(member.email, 'wrong password')
  const unknown = await signIn('my-secret-password@example.org', 'x')
  const malformed = await signIn('hunter2', 'x')
  await send(app, { method: 'DELETE', url: `/api/v1/members/${member.userId}`, token: tenant.tokens.admin })
  const former = await signIn(member.email)
  for (const answer of [wrong, unknown, malformed, former]) {
    assert.equal(answer.status, 401)
    assert.equal((answer.json as { detail?: string }).detail, 'The email or the password is not right.')
    assert.deepEqual(cookieLines(answer), [])
  }
  const entries = await entriesOf('SIGN_IN_FAILED')
  assert.equal(entries.length, before + 4)
  assert.deepEqual(entries.map((entry) => entry.actor.id).slice(0, 4), ['unknown', 'unknown', 'unknown', member.userId])
  assert.doesNotMatch(JSON.stringify(entries), /hunter2|my-secret-password|wrong password/)
})

test('N3: nobody signs up', async () => {
  for (const url of [
    '/api/auth/sign-up/email',
    '/api/auth/get-session',
    '/api/auth/update-user',
    '/api/auth/delete-user',
    '/api/auth/list-sessions',
  ]) {
    const body = { name: 'Eve', email: 'eve@example.org', password }
    assert.equal((await send(app, { method: 'POST', url, body })).status, 404, url)
  }
})

test('N3: signing out ends the session on the server', async () => {
  const { email, userId } = await makeMember()
  const cookie = cookieOf(await signIn(email))
  const out = await send(app, { method: 'POST', url: '/api/auth/sign-out', headers: { cookie, ...sameOrigin }, body: {} })
  assert.equal(out.status, 204)
  assert.match(cookieLines(out)[0] ?? '', /Max-Age=0/i)
  assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie } })).status, 401)
  assert.equal((await entriesOf('SIGN_OUT'))[0]?.actor.id, userId)
  assert.equal((await send(app, { method: 'POST', url: '/api/auth/sign-out', body: {} })).status, 204)
})

test('N3: a cookie counts only on changes that pages of this server send', async () => {
  const { email } = await makeMember()
  const cookie = cookieOf(await signIn(email))
  const create = (headers: Record<string, string>, number: string) =>
    send(app, { method: 'POST', url: '/api/v1/cases', headers: { cookie, ...headers }, body: { number, title: 'T' } })
  const refused: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:80' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'https://localhost:80' },
  ]
  for (const headers of refused) {
    const answer = await create(headers, 'REFUSED')
    assert.equal(answer.status, 403, JSON.stringify(headers))
  }
  assert.equal((await create(sameOrigin, 'FETCH-METADATA')).status, 201)
  assert.equal((await create({ origin: 'http://localhost:80' }, 'ORIGIN')).status, 201)
  assert.equal((await send(app, { url: '/api/v1/cases', headers: { cookie, 'sec-fetch-site': 'cross-site' } })).status, 200)
})

test('N3: with a public URL, that is the origin, whatever Host says', async () => {
  await using https = await openWorld({ publicUrl: 'https://files.example.org' })
  const body = { name: 'Bo', email: 'bo@example.org', password, role: 'examiner' }
  await send(https.app, { method: 'POST', url: '/api/v1/members', token: https.tenant.tokens.admin, body })
  const cookie = cookieOf(await signIn('bo@example.org', password, { world: https }))
  const create = (origin: string) =>
    send(https.app, { method: 'POST', url: '/api/v1/cases', headers: { cookie, origin }, body: { number: 'C', title: 'T' } })
  assert.equal((await create('http://localhost:80')).status, 403)
  assert.equal((await create('https://files.example.org')).status, 201)
})

test('N3: another site cannot sign a browser in or out', async () => {
  const { email } = await makeMember()
  const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  assert.equal((await signIn(email, password, { headers: cross })).status, 403)
  const cookie = cookieOf(await signIn(email))
  assert.equal((await send(app, { method: 'POST', url: '/api/auth/sign-out', headers: { cookie, ...cross }, body: {} })).status, 403)
  assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie } })).status, 200)
})

test('N3: a forged or shortened cookie is no session', async () => {
  const { email } = await makeMember()
  const cookie = cookieOf(await signIn(email))
  const [name, value = ''] = cookie.split(/=(.*)/s)
  const token = decodeURIComponent(value).split('.')[0] ?? ''
  for (const forged of [`${name}=${token}`, `${name}=${token}.AAAA`, `${name}=${value.slice(0, -8)}`, `${name}=`, 'garbage', `${name}=%`]) {
    assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie: forged } })).status, 401, forged.slice(0, 30))
  }
})

test('N3: a changed role holds from the next request, a removed member has none', async () => {
  const { email, userId } = await makeMember('viewer')
  const cookie = cookieOf(await signIn(email))
  const body = { number: `C-${userId.slice(-8)}`, title: 'T' }
  const create = () => send(app, { method: 'POST', url: '/api/v1/cases', headers: { cookie, ...sameOrigin }, body })
  assert.equal((await create()).status, 403)
  const member = { method: 'PATCH', url: `/api/v1/members/${userId}`, token: tenant.tokens.admin } as const
  assert.equal((await send(app, { ...member, body: { role: 'examiner' } })).status, 200)
  assert.equal((await create()).status, 201)
  assert.equal((await send(app, { method: 'DELETE', url: member.url, token: tenant.tokens.admin })).status, 204)
  assert.equal((await create()).status, 401)
})

test('N3: a new password ends the other sessions and keeps this one', async () => {
  const { email } = await makeMember()
  const first = cookieOf(await signIn(email))
  const second = cookieOf(await signIn(email))
  const url = '/api/auth/change-password'
  const change = (currentPassword: string) =>
    send(app, {
      method: 'POST',
      url,
      headers: { cookie: second, ...sameOrigin },
      body: { currentPassword, newPassword: 'a new, longer password' },
    })
  assert.equal((await change('not the password')).status, 409)
  const changed = await change(password)
  assert.equal(changed.status, 204, changed.text)
  assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie: first } })).status, 401)
  assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie: cookieOf(changed) } })).status, 200)
  assert.equal((await signIn(email)).status, 401)
  assert.equal((await signIn(email, 'a new, longer password')).status, 200)
  assert.equal(
    (await send(app, { method: 'POST', url, token: tenant.tokens.admin, body: { currentPassword: 'x', newPassword: 'xxxxxxxxxxxx' } }))
      .status,
    403,
  )
})

test('N3: an administrator gives a member a new password, which signs them out', async () => {
  const { email, userId } = await makeMember()
  const cookie = cookieOf(await signIn(email))
  const call = { method: 'PATCH', url: `/api/v1/members/${userId}`, token: tenant.tokens.admin } as const
  assert.equal((await send(app, { ...call, body: { password: 'given by an admin' } })).status, 200)
  assert.equal((await send(app, { url: '/api/v1/me', headers: { cookie } })).status, 401)
  assert.equal((await signIn(email, 'given by an admin')).status, 200)
})
