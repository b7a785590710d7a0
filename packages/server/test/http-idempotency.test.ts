import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Case, Member, PageOf } from '@holdfast/api'
import { systemClock } from '../src/core/clock.ts'
import { idempotencyService } from '../src/services/idempotency.ts'
import { contractOf } from './http-contract.ts'
import { type Call, openWorld, send } from './http-world.ts'

const world = await openWorld()
after(() => world[Symbol.asyncDispose]())
const { app, tenant, other, store, clock } = world

let numbers = 0
const freshNumber = () => {
  numbers += 1
  return `CASE-${numbers}`
}
const create = (key: string | null, body: object, call: Partial<Call> = {}) =>
  send<Case>(app, {
    method: 'POST',
    url: '/api/v1/cases',
    token: tenant.tokens.examiner,
    body,
    ...call,
    headers: { ...(key === null ? {} : { 'idempotency-key': key }), ...call.headers },
  })
const countCases = async () =>
  (await send<PageOf<Case>>(app, { url: '/api/v1/cases?limit=200', token: tenant.tokens.viewer })).json.items.length

test('N4: the same key with the same request gets the same answer and has no second effect', async () => {
  const body = { number: freshNumber(), title: 'Once' }
  const first = await create('key-1', body)
  const before = await countCases()
  const second = await create('key-1', body)
  assert.equal(first.status, 201)
  assert.equal(second.status, 201)
  assert.equal(second.text, first.text)
  assert.equal(second.headers['idempotency-replayed'], 'true')
  assert.equal(first.headers['idempotency-replayed'], undefined)
  assert.match(String(second.headers['content-type']), /application\/json/)
  assert.equal(await countCases(), before)
})

test('N4: another request under the same key is refused, by another caller too', async () => {
  const body = { number: freshNumber(), title: 'Mine' }
  assert.equal((await create('key-2', body)).status, 201)
  const changed = await create('key-2', { ...body, title: 'Other' })
  assert.equal(changed.status, 409)
  assert.match((changed.json as unknown as { detail: string }).detail, /Idempotency-Key was used for another request/)
  const stranger = await create('key-2', body, { token: tenant.tokens.admin })
  assert.equal(stranger.status, 409)
  assert.doesNotMatch(stranger.text, /Mine/)
})

test('N4: keys of one tenant and of one route are nothing to others', async () => {
  const body = { number: freshNumber(), title: 'A' }
  const mine = await create('key-3', body)
  const theirs = await create('key-3', body, { token: other.tokens.examiner })
  assert.equal(theirs.status, 201)
  assert.notEqual(theirs.json.id, mine.json.id)
  const item = await create('key-3', { label: 'E1', title: 'Item' }, { url: `/api/v1/cases/${mine.json.id}/items` })
  assert.equal(item.status, 201)
  const second = await create(null, { number: freshNumber(), title: 'B' })
  const elsewhere = await create('key-3', { label: 'E1', title: 'Item' }, { url: `/api/v1/cases/${second.json.id}/items` })
  assert.equal(elsewhere.status, 409)
})

test('N4: requests at the same time have one effect and one answer', async () => {
  const body = { number: freshNumber(), title: 'Race' }
  const answers = await Promise.all(Array.from({ length: 8 }, () => create('key-4', body)))
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([201]))
  assert.equal(new Set(answers.map((answer) => answer.json.id)).size, 1)
})

test('N4: a failure is not kept, so the same request may succeed later', async () => {
  const number = freshNumber()
  const url = `/api/v1/cases/01890a5d-ac96-774b-bcce-b302099a8057/items`
  assert.equal((await create('key-5', { label: 'E', title: 'T' }, { url })).status, 404)
  assert.equal((await create('key-5', { number: 'not valid!', title: 'T' })).status, 400)
  assert.equal((await create('key-5', { number, title: 'T' })).status, 201)
})

test('N4: after a day the key is free', async () => {
  const body = { number: freshNumber(), title: 'T' }
  assert.equal((await create('key-6', body)).status, 201)
  clock.advance(24 * 3600 * 1000 + 1)
  assert.equal((await create('key-6', body)).status, 409)
  assert.equal((await create('key-6', { ...body, number: freshNumber() })).status, 201)
})

test('N4: while the first request runs a second one waits, and gives up in the end; a dead one frees its key', async () => {
  const caller = await world.services.tokens.authenticate(tenant.tokens.examiner, 'test')
  assert.ok(caller)
  let now = clock.now()
  let waited = 0
  const jumping = {
    now: () => now,
    sleep: async (milliseconds: number) => {
      now += milliseconds
      waited += milliseconds
    },
  }
  const service = idempotencyService({ store, clock: jumping, hashKey: new Uint8Array(32) })
  const request = { key: 'key-7', route: 'POST /somewhere', content: 'the same' }
  const begun = await service.begin(caller, request)
  assert.ok('turn' in begun)
  await assert.rejects(service.begin(caller, request), { code: 'CONFLICT', retryAfterSeconds: 2 })
  assert.ok(waited >= 10_000)
  now += 120_000
  const taken = await service.begin(caller, request)
  assert.ok('turn' in taken)
  await taken.turn.keep({ status: 201, body: '{"a":1}' })
  assert.deepEqual(await service.begin(caller, request), { answer: { status: 201, body: '{"a":1}' } })
  const gone = AbortSignal.abort(new Error('gone'))
  await service.begin(caller, { ...request, key: 'key-7b' })
  const stopped = idempotencyService({ store, clock: systemClock, hashKey: new Uint8Array(32) })
  await assert.rejects(stopped.begin(caller, { ...request, key: 'key-7b' }, gone), /aborted|gone/)
})

test('N4: a key is 1 to 255 visible characters', async () => {
  for (const key of ['', ' ', 'with space', 'k'.repeat(256), 'ü']) {
    assert.equal((await create(key, { number: freshNumber(), title: 'T' })).status, 400, JSON.stringify(key))
  }
  assert.equal((await create('k'.repeat(255), { number: freshNumber(), title: 'T' })).status, 201)
})

test('N3 N4: neither passwords nor secrets of answers are kept for repetitions', async () => {
  const member = { name: 'Ada', email: 'ada@example.org', password: 'correct horse battery', role: 'viewer' }
  const call = {
    method: 'POST',
    url: '/api/v1/members',
    token: tenant.tokens.admin,
    headers: { 'idempotency-key': 'key-8' },
    body: member,
  } as const
  const first = await send<Member>(app, call)
  assert.equal((await send<Member>(app, call)).text, first.text)
  const makeToken = () => send<{ secret: string }>(app, { ...call, url: '/api/v1/tokens', body: { name: 'Import', role: 'viewer' } })
  const token = await makeToken()
  assert.equal(token.status, 201)
  const repeated = await makeToken()
  assert.equal(repeated.status, 409)
  assert.equal((await store.read.tokens.list(tenant.id, { limit: 200, before: null })).filter((row) => row.name === 'Import').length, 1)
  const rows = await Promise.all(
    ['POST /api/v1/members', 'POST /api/v1/tokens'].map((route) =>
      store.read.idempotency.find({ tenantId: tenant.id, route, key: 'key-8' }),
    ),
  )
  assert.equal(
    rows.every((row) => row !== null),
    true,
  )
  assert.doesNotMatch(JSON.stringify(rows), new RegExp(`${member.password}|${token.json.secret}`))
})

test('N4: every POST that creates takes the key', () => {
  const creating = contractOf(app).operations.filter(
    ({ method, responses, permission }) => method === 'POST' && '201' in responses && permission !== 'public',
  )
  assert.ok(creating.length >= 5)
  for (const operation of creating) {
    assert.ok(
      operation.parameters.some(({ in: place, name }) => place === 'header' && name === 'idempotency-key'),
      operation.path,
    )
  }
})
