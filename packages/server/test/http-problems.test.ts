import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Problem, problems } from '@holdfast/api'
import type { Clock } from '../src/core/clock.ts'
import { systemClock } from '../src/core/clock.ts'
import { toProblem } from '../src/http/problems.ts'
import { createLogger } from '../src/http/request-log.ts'
import { createHttpServer } from '../src/http/server.ts'
import { KeyError } from '../src/keys/provider.ts'
import { StorageError, type StorageFault } from '../src/storage/target.ts'
import { openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant } = world
const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  send<{ code: string; errors?: { field: string }[]; requestId: string; type: string }>(app, {
    method: 'POST',
    url: '/api/v1/cases',
    token: tenant.tokens.examiner,
    headers,
    body,
  })

test('O13: a body that is no JSON, too large, of another type or nothing is refused as that', async () => {
  const cases: [string, Record<string, string>, number, string][] = [
    ['{"number":', { 'content-type': 'application/json' }, 400, 'BAD_REQUEST'],
    ['', { 'content-type': 'application/json' }, 400, 'BAD_REQUEST'],
    ['{"__proto__":{"admin":true},"number":"A","title":"T"}', { 'content-type': 'application/json' }, 400, 'BAD_REQUEST'],
    [JSON.stringify({ number: 'A', title: 'x'.repeat(70_000) }), { 'content-type': 'application/json' }, 413, 'BODY_TOO_LARGE'],
    ['a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['{"number":"A","title":"T"}', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['<a/>', { 'content-type': 'text/xml' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ]
  for (const [body, headers, status, code] of cases) {
    const answer = await post(body, headers)
    assert.deepEqual([answer.status, answer.json.code], [status, code], body.slice(0, 60))
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.headers['cache-control'], 'no-store')
  }
})

test('O13: a field that nobody knows is named as that, in body and query', async () => {
  const inBody = await post(JSON.stringify({ number: 'A', title: 'T', colour: 'red' }))
  const inQuery = await send<{ errors?: object[] }>(app, { url: '/api/v1/cases?colour=red', token: tenant.tokens.examiner })
  for (const { json } of [inBody, inQuery]) assert.deepEqual(json.errors, [{ field: 'colour', message: 'is not a known field' }])
})

test('O13: a problem names a page that explains it and the request it is about', async () => {
  const answer = await post('{}')
  assert.equal(answer.json.requestId, answer.headers['x-request-id'])
  const page = await send(app, { url: answer.json.type.split('#', 1)[0] ?? '' })
  for (const code of Object.keys(problems)) assert.ok(page.text.includes(`id="${code}"`), code)
})

test('N2: request ids are made here, whatever the client sends', async () => {
  for (const name of ['x-request-id', 'request-id', 'x-correlation-id']) {
    const answer = await send(app, { url: '/healthz', headers: { [name]: 'mine\r\ninjected' } })
    assert.match(String(answer.headers['x-request-id']), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/)
  }
})

test('O13: addresses that do not exist are 404 problems, also with a broken path', async () => {
  for (const url of ['/api/v1/nothing', '/api', '/api/v1', '/api/v2/cases', '/healthz/x', '/.env', '/api/v1/cases/../../etc/passwd']) {
    assert.equal((await send(app, { url })).status, 404, url)
  }
  for (const url of ['/%zz', '/api/v1/cases/%E0%A4%A'])
    assert.equal((await send<{ code: string }>(app, { url })).json.code, 'BAD_REQUEST', url)
})

test('O13: faults below become problems that tell what to do and nothing more', () => {
  const faults: Record<StorageFault, string> = {
    full: 'DISK_FULL',
    unavailable: 'TARGET_UNAVAILABLE',
    closed: 'TARGET_UNAVAILABLE',
    denied: 'TARGET_UNAVAILABLE',
    'not-found': 'INTERNAL_ERROR',
    exists: 'INTERNAL_ERROR',
    'out-of-range': 'INTERNAL_ERROR',
    'bad-part': 'INTERNAL_ERROR',
    'bad-key': 'INVALID_FILE_NAME',
  }
  for (const [fault, code] of Object.entries(faults)) {
    const problem = toProblem(new StorageError(fault as StorageFault, 'open /secret/path failed: EACCES'))
    assert.equal(problem.code, code, fault)
    assert.doesNotMatch(problem.message, /secret|EACCES/)
  }
  for (const error of [
    new KeyError('tenant key abc'),
    new TypeError('x of undefined'),
    'text',
    null,
    undefined,
    { statusCode: 200 },
    { statusCode: 599 },
  ]) {
    const problem = toProblem(error)
    assert.deepEqual([problem.code, problem.message], ['INTERNAL_ERROR', problems.INTERNAL_ERROR.remedy])
  }
  const own = new Problem('LEGAL_HOLD')
  assert.equal(toProblem(own), own)
})

test('N3: every answer carries the security headers', async () => {
  for (const url of ['/healthz', '/api/v1/me', '/api/v1/nothing', '/', '/api/docs/problems']) {
    const { headers } = await send(app, { url })
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.equal(headers['referrer-policy'], 'no-referrer', url)
    assert.equal(headers['x-frame-options'], 'DENY', url)
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', url)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/, url)
    assert.doesNotMatch(policy, /script-src[^;]*('unsafe-inline'|'unsafe-eval'|\*|https?:)/, url)
    assert.equal(headers['access-control-allow-origin'], undefined, url)
  }
})

/** A clock for which waiting ends at once, so that a deadline is over as soon as something waits for it. */
const impatient: Clock = {
  now: systemClock.now,
  sleep: async (_milliseconds, signal) => void (await setImmediate(undefined, signal ? { signal } : {})),
}

test('N2: headers must come soon, idle connections end, and a long upload is no reason to cut', () => {
  const { headersTimeout, requestTimeout, timeout, keepAliveTimeout, maxConnections } = app.server
  assert.deepEqual([headersTimeout, requestTimeout, timeout, keepAliveTimeout], [30_000, 0, 300_000, 72_000])
  assert.ok(maxConnections > 0)
})

test('N2: closing waits for a running request, but not for ever', async () => {
  const config = { publicUrl: null, trustProxy: false, webRoot: null, version: '0' }
  const server = await createHttpServer({ services: world.services, config, logger: createLogger({ level: 'silent' }), clock: impatient })
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }))
  const socket = connect(Number(port), '127.0.0.1').resume()
  const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
  socket.write(`PUT /api/v1/upload-sessions/x/parts/1 HTTP/1.1\r\nhost: x\r\n`)
  await once(socket, 'connect')
  await server.close()
  await closed
})

test('N2: a body that does not come is not waited for for ever, and healthy requests are left alone', async () => {
  const config = { publicUrl: null, trustProxy: false, webRoot: null, version: '0' }
  const server = await createHttpServer({ services: world.services, config, logger: createLogger({ level: 'silent' }), clock: impatient })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const { port } = new URL(url)
  const ends = async (head: string): Promise<string> => {
    const socket: Socket = connect(Number(port), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    socket.write(head)
    await once(socket, 'close')
    return text
  }
  const authorization = `authorization: Bearer ${tenant.tokens.examiner}`
  const slow = `POST /api/v1/cases HTTP/1.1\r\nhost: x\r\n${authorization}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"num`
  assert.doesNotMatch(await ends(slow), /HTTP\/1.1 2/)
  const part = `PUT /api/v1/upload-sessions/01890a5d-ac96-774b-bcce-b302099a8057/parts/1 HTTP/1.1\r\nhost: x\r\n${authorization}\r\ncontent-length: 100000\r\n\r\nabc`
  assert.doesNotMatch(await ends(part), /HTTP\/1.1 2/)
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  await server.close()
})
