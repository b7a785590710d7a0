import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenCreated } from '@holdfast/api'
import { createLogger, scrubLine } from '../src/http/request-log.ts'
import { evidenceOf } from './evidence-kit.ts'
import { openFileWorld } from './file-world.ts'
import { openWorld, send } from './http-world.ts'
import { bindObjects, objectBackends } from './object-backends.ts'
import { objectsOf, table } from './objects-kit.ts'

const password = 'correct horse battery'
const wrongPassword = 'wrong-horse-battery'
const newPassword = 'a new and longer one'
const idempotencyKey = 'a-key-of-a-client'

test('N3 C5: after sign-in, failures, errors and odd requests no secret is in the log or in the audit log', async () => {
  await using world = await openWorld()
  const { app, tenant } = world
  const { admin } = tenant.tokens
  const headers = { 'idempotency-key': idempotencyKey }
  const member = { name: 'Ada', email: 'ada@example.org', password, role: 'admin' }
  await send(app, { method: 'POST', url: '/api/v1/members', token: admin, headers, body: member })
  const made = await send<TokenCreated>(app, {
    method: 'POST',
    url: '/api/v1/tokens',
    token: admin,
    body: { name: 'Import', role: 'viewer' },
  })
  const signIn = (secret: string) =>
    send(app, { method: 'POST', url: '/api/auth/sign-in/email', body: { email: member.email, password: secret } })
  await signIn(wrongPassword)
  const signedIn = await signIn(password)
  const cookie = String([signedIn.headers['set-cookie'] ?? ''].flat()[0]).split(';', 1)[0] ?? ''
  const own = { cookie, 'sec-fetch-site': 'same-origin' }
  await send(app, { url: `/api/v1/me?token=${admin}&X-Amz-Signature=deadbeefdeadbeef`, headers: own })
  await send(app, { method: 'POST', url: '/api/v1/cases', headers: own, body: { number: 'A', title: 'T', password } })
  await send(app, {
    method: 'POST',
    url: '/api/v1/setup',
    body: { code: 'AAAA-BBBB-CCCC-DDDD', name: 'x', email: 'x@example.org', password },
  })
  await send(app, { url: `/api/v1/nothing/${made.json.secret}` })
  await send(app, { url: '/api/v1/me', headers: { authorization: `Bearer ${made.json.secret}x` } })
  const change = { currentPassword: password, newPassword }
  await send(app, { method: 'POST', url: '/api/auth/change-password', headers: own, body: change })
  await send(app, { method: 'POST', url: '/api/auth/sign-out', headers: own, body: {} })

  const log = world.logged.join('')
  assert.ok(world.logged.length >= 11)
  const audit = JSON.stringify(await world.store.read.audit.list(tenant.id, {}, { limit: 1000 }))
  const session = decodeURIComponent(cookie.split('=')[1] ?? '').split('.')[0] ?? ''
  assert.ok(session.length > 10)
  const secrets = [password, wrongPassword, newPassword, admin, made.json.secret, session, 'deadbeefdeadbeef', 'AAAA-BBBB', idempotencyKey]
  for (const secret of secrets) {
    assert.ok(!log.includes(secret), `the log holds ${secret.slice(0, 8)}…`)
    assert.ok(!audit.includes(secret), `the audit log holds ${secret.slice(0, 8)}…`)
  }
})

test('N2: each request is one line with its id, method, path without query, status and duration', async () => {
  await using world = await openWorld()
  const answer = await send(world.app, { url: '/api/v1/me?x=1', token: world.tenant.tokens.viewer })
  const lines = world.logged.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.msg === 'request')
  assert.equal(lines.length, 1)
  const { milliseconds, time, ...line } = lines[0] ?? {}
  assert.deepEqual(line, {
    level: 'info',
    requestId: answer.headers['x-request-id'],
    method: 'GET',
    path: '/api/v1/me',
    status: 200,
    msg: 'request',
  })
  assert.equal(typeof milliseconds, 'number')
  assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/)
})

test('C5: what looks like a secret is taken out of messages, stacks and fields, and the line stays JSON', () => {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
  const token = `hf_${'Ab1_-'.repeat(8)}abc`
  const url = 'https://bucket.example.org/key?X-Amz-Credential=AKIA%2F2026&X-Amz-Signature=feedface&partNumber=1'
  const cause = Object.assign(new Error(`duplicate key: (${token})`), { detail: 'Key (email)=(ada@example.org)', parameters: [token] })
  logger.error({ err: new Error(`GET ${url} failed with Bearer ${token}`, { cause }) }, `token ${token}`)
  logger.info({
    headers: { authorization: `Bearer ${token}`, cookie: `holdfast.session_token=${token}`, 'set-cookie': [`a=${token}`] },
    password: 'pw-pw-pw',
  })
  logger.info({ deep: { er: { secret: 'pw-pw-pw', credentials: { key: 'pw-pw-pw' } } } }, `"quoted" ?token=${token}" end`)
  const text = lines.join('')
  for (const secret of [token, 'feedface', 'AKIA', 'pw-pw-pw', 'ada@example.org']) assert.ok(!text.includes(secret), secret)
  assert.match(text, /partNumber=1/)
  for (const line of lines) JSON.parse(line)
  assert.equal(scrubLine('{"msg":"nothing to hide"}'), '{"msg":"nothing to hide"}')
})

for (const backend of [objectBackends.local, objectBackends.versitygw]) {
  test(`C5 O5: no signed URL is in the log after uploads and downloads on ${backend.name}, also where they fail`, async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
    await using place = await backend.start()
    await using world = await openFileWorld({ logger })
    await bindObjects(world, place)
    const objects = objectsOf(world.api)
    const evidence = evidenceOf(world.api)
    const begun = await objects.received(table())
    const { id } = begun.storedObject
    await objects.complete(id)
    await objects.settled(id)
    const { downloadUrl } = (await objects.downloadUrl(id)).body
    assert.equal((await fetch(downloadUrl)).status, 200)
    const asset = await evidence.received(Buffer.from('A receipt'))
    await evidence.complete(asset.intent.id)
    await evidence.settled(asset.asset.id)
    const signed = (await evidence.sign(asset.asset.id)).body.url
    assert.equal((await fetch(signed)).status, 200)
    const urls = [begun.uploadUrl, downloadUrl, asset.upload?.url ?? '', signed]
    const own = (url: string): string => `${world.origin}/api/v1/uploads/${id}/content${new URL(url).search}`
    for (const url of urls) {
      await fetch(own(url), { method: 'PUT', body: 'x', headers: { 'content-type': 'text/csv' } })
      await fetch(own(url))
      await fetch(`${world.origin}/api/v1/no-such-route${new URL(url).search}`)
      await fetch(`${world.origin}/api/v1/me${new URL(url).search}&token=${world.api.token}`)
    }
    const log = lines.join('')
    assert.ok(log.includes(`/api/v1/uploads/${id}/content`) && lines.length > 20, 'requests are logged')
    const secrets = urls.flatMap((url) => [...new URL(url).searchParams].filter(([name]) => /signature|credential/i.test(name)))
    assert.ok(secrets.length >= 4)
    for (const secret of [...secrets.map(([, value]) => value), world.api.token]) {
      assert.ok(!log.includes(secret) && !log.includes(encodeURIComponent(secret)), `the log holds ${secret.slice(0, 8)}…`)
    }
    assert.doesNotMatch(log, /[?&](X-Amz-Signature|signature)=(?!\[redacted\])/i)
  })
}
