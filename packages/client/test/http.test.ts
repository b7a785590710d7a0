import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Problem, toProblemDocument } from '@holdfast/api'
import { ApiProblem, createClient, NetworkProblem } from '@holdfast/client'

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** A server that answers as the test says, and remembers what came. */
async function serve(handler: Handler) {
  const seen: { method: string; url: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    request.resume().on('end', () => handler(request, response, seen.length))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    seen,
    url,
    client: createClient({ baseUrl: `${url}/`, token: 'hf_secret' }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
const json = (response: ServerResponse, body: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

test('O13: a problem document becomes an ApiProblem with all that it says', async () => {
  const problem = new Problem('VALIDATION_ERROR', 'Two fields', { errors: [{ field: 'title', message: 'is missing' }], extra: { hint: 7 } })
  await using server = await serve((_, response) =>
    response.writeHead(400, { 'retry-after': '12' }).end(JSON.stringify(toProblemDocument(problem, 'req-9'))),
  )
  const error = await server.client.me.get().catch((caught: unknown) => caught)
  assert.ok(error instanceof ApiProblem)
  const { code, status, detail, errors, requestId, retryAfterSeconds, document } = error
  assert.deepEqual(
    { code, status, detail, errors, requestId, retryAfterSeconds, hint: document.hint },
    {
      code: 'VALIDATION_ERROR',
      status: 400,
      detail: 'Two fields',
      errors: problem.errors,
      requestId: 'req-9',
      retryAfterSeconds: 12,
      hint: 7,
    },
  )
  assert.doesNotMatch(JSON.stringify(error) + error.stack, /hf_secret/)
})

test('O13: an answer that is not of Holdfast is told apart, and its page is not shown', async () => {
  for (const [status, body] of [
    [404, '<html>nginx'],
    [413, '[]'],
    [200, '<html>sign in to the WiFi'],
  ] as const) {
    await using server = await serve((_, response) => response.writeHead(status, { 'content-type': 'text/html' }).end(body))
    const error = await server.client.me.get().catch((caught: unknown) => caught)
    assert.ok(error instanceof ApiProblem && error.code === 'UNEXPECTED_ANSWER' && error.status === status)
    assert.doesNotMatch(error.message, /html|WiFi/)
  }
})

test('S9: a call that creates carries one Idempotency-Key, the same on every attempt of it', async () => {
  await using server = await serve((request, response, count) => (count < 3 ? request.socket.destroy() : json(response, { id: 'x' }, 201)))
  await server.client.cases.create({ number: 'C-1', title: 'T' })
  await server.client.cases.create({ number: 'C-2', title: 'T' })
  await server.client.cases.create({ number: 'C-3', title: 'T' }, { idempotencyKey: 'mine' })
  const keys = server.seen.map(({ headers }) => headers['idempotency-key'])
  assert.equal(keys.length, 5)
  assert.ok(keys[0] !== undefined && keys[0] === keys[1] && keys[1] === keys[2])
  assert.notEqual(keys[3], keys[0])
  assert.equal(keys[4], 'mine')
})

test('S9: a change that is not safe to repeat is sent once', async () => {
  await using server = await serve((request) => request.socket.destroy())
  await assert.rejects(server.client.cases.update('c', { title: 'T' }), NetworkProblem)
  assert.equal(server.seen.length, 1)
})

test('S9: reading is tried again after 503, and not after 404', async () => {
  await using server = await serve((_, response, count) => json(response, {}, count === 1 ? 503 : 404))
  await assert.rejects(server.client.cases.get('c'), (error) => error instanceof ApiProblem && error.status === 404)
  assert.equal(server.seen.length, 2)
})

test('A2: pages are followed to the end, with filters and cursor escaped', async () => {
  await using server = await serve((_, response, count) =>
    json(response, count < 3 ? { items: [count], nextCursor: `c&${count}` } : { items: [3], nextCursor: null }),
  )
  const items: unknown[] = []
  for await (const item of server.client.audit.every({ action: 'DOWN LOAD&' })) items.push(item)
  assert.deepEqual(items, [1, 2, 3])
  assert.deepEqual(
    server.seen.map(({ url }) => url),
    [
      '/api/v1/audit/entries?action=DOWN+LOAD%26',
      '/api/v1/audit/entries?action=DOWN+LOAD%26&cursor=c%261',
      '/api/v1/audit/entries?action=DOWN+LOAD%26&cursor=c%262',
    ],
  )
})

test('N3: requests carry the token, If-Match where a version is given, and ids cannot leave their place in the path', async () => {
  await using server = await serve((_, response) => response.writeHead(204).end())
  await server.client.cases.update('../../me', { title: 'T' }, { ifVersion: 3 })
  const [{ url, headers } = { url: '', headers: {} }] = server.seen
  assert.deepEqual([url, headers.authorization, headers['if-match']], ['/api/v1/cases/..%2F..%2Fme', 'Bearer hf_secret', '"3"'])
})

test('S9: a call without an answer times out as a NetworkProblem, and an aborted one gives the reason of its signal', async () => {
  await using server = await serve(() => {})
  await assert.rejects(
    server.client.me.get({ timeoutMs: 30, retries: 0 }),
    (error) => error instanceof NetworkProblem && error.reason === 'timeout',
  )
  const controller = new AbortController()
  const reason = new Error('mine')
  setTimeout(() => controller.abort(reason), 10)
  await assert.rejects(server.client.me.get({ signal: controller.signal }), (error) => error === reason)
  await assert.rejects(server.client.me.get({ signal: AbortSignal.abort(reason) }), (error) => error === reason)
})

test('S5: a download hands over status, headers and body as they come, and can be broken off in the middle', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(206, { 'content-range': 'bytes 1-2/9', etag: '"e"' })
    response.write('x')
  })
  const controller = new AbortController()
  const response = await server.client.files.download('f', { range: 'bytes=1-2', ifRange: '"e"' }, { signal: controller.signal })
  assert.deepEqual([response.status, response.headers.get('etag')], [206, '"e"'])
  assert.deepEqual([server.seen[0]?.headers.range, server.seen[0]?.headers['if-range']], ['bytes=1-2', '"e"'])
  const reader = response.body!.getReader()
  assert.deepEqual((await reader.read()).value, new TextEncoder().encode('x'))
  setTimeout(() => controller.abort(), 5)
  await assert.rejects(reader.read())
})
