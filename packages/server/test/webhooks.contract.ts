import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Webhook as Endpoint,
  type PageOf,
  type WebhookCreated,
  type WebhookDelivery,
  type WebhookDeliveryDetail,
  webhookRetrySeconds,
} from '@holdfast/api'
import { Webhook } from 'standardwebhooks'
import { checkInstance } from '../src/check-instance.ts'
import { systemClock } from '../src/core/clock.ts'
import { noCrashPoints } from '../src/core/crash-point.ts'
import { deliverWebhook, purgeDeliveries } from '../src/services/webhooks/deliver.ts'
import { sendTo, webhookEvents } from '../src/services/webhooks/events.ts'
import { createWebhookSender } from '../src/webhook-sender.ts'
import { type FileWorld, openFileWorld, type TestTenant } from './file-world.ts'
import { type Received, type Receiver, startReceiver } from './webhook-receiver.ts'

const DAY = 86_400_000
/** What a test delivers by itself is due so much later that no worker takes it. */
const LATER = 10 * DAY
const { signal } = new AbortController()

/** What makes deliveries one by one, at times of its own. */
function deliverer(world: FileWorld) {
  const { store, credentials } = world.instance
  let now = systemClock.now() + LATER
  const clock = { now: () => now, sleep: systemClock.sleep }
  const sender = createWebhookSender({ allowLocal: true }, 'Holdfast/test', { attemptMilliseconds: 3000 })
  const deps = { store, clock, credentials, sender, points: noCrashPoints }
  return {
    deps,
    advance(milliseconds: number) {
      now += milliseconds
    },
    attempt: (tenantId: string, deliveryId: string, attempt: number, byHand = false) =>
      deliverWebhook(deps, { tenantId, deliveryId, attempt, byHand }, signal),
  }
}

const verified = ({ body, headers }: Received, secret: string) => new Webhook(secret).verify(body, headers)

/** What webhooks promise, on one database (O15). */
export function webhooksContract(name: string, database: { url: () => Promise<string | null>; end: () => Promise<void> }): void {
  suite(`webhooks on ${name}`, () => {
    let world: FileWorld
    let receiver: Receiver
    before(async () => {
      const databaseUrl = await database.url()
      world = await openFileWorld(databaseUrl === null ? {} : { databaseUrl })
      receiver = await startReceiver()
    })
    after(async () => {
      await world?.[Symbol.asyncDispose]()
      await receiver?.[Symbol.asyncDispose]()
      await database.end()
    })
    const room = async (): Promise<Room> => makeRoom(world, receiver)
    test('O15: a READY file is told, signed by Standard Webhooks, and logged', { timeout: 60_000 }, async () => ready(await room()))
    test('O15: a file that fails or is rejected is told, and only to who asked', { timeout: 60_000 }, async () =>
      refusedFiles(await room()),
    )
    test('O15: what is rolled back is told to nobody', async () => rolledBack(await room()))
    test('O15: for a day after a rotation both secrets verify, then the new one alone', async () => rotated(await room()))
    test('O15: attempts follow the schedule, then end; one more is made by hand', async () => schedule(await room()))
    test('O15: an endpoint that fails for days, or is gone, is disabled, with its reason in the log', async () => disabled(await room()))
    test('O15: redirects, huge and missing answers are failures with words', async () => answersOf(await room()))
    test('O15: the secret is sealed and never shown again', async () => sealed(await room()))
    test('O15: old deliveries are forgotten with their attempts', async () => forgotten(await room()))
    test('O15: webhooks leave a sound store', async () => {
      assert.deepEqual((await checkInstance(world.instance, { full: false, signal })).findings, [])
    })
  })
}

type Room = {
  readonly world: FileWorld
  readonly tenant: TestTenant
  readonly receiver: Receiver
  readonly make: (eventTypes?: string[]) => Promise<WebhookCreated>
  readonly deliveries: (endpoint: Endpoint) => Promise<WebhookDelivery[]>
  readonly detail: (delivery: WebhookDelivery) => Promise<WebhookDeliveryDetail>
  /** A message on its way that no worker takes: its job is far away. */
  readonly held: (endpoint: Endpoint) => Promise<WebhookDelivery>
}

async function makeRoom(world: FileWorld, receiver: Receiver): Promise<Room> {
  const tenant = await world.newTenant(`hooks-${randomBytes(4).toString('hex')}`)
  const { admin } = tenant.api
  receiver.received.length = 0
  receiver.answer = (response) => void response.writeHead(204).end()
  const deliveries = async ({ id }: Endpoint) => (await admin.call<PageOf<WebhookDelivery>>('GET', `/webhooks/${id}/deliveries`)).body.items
  return {
    ...{ world, tenant, receiver, deliveries },
    async make(eventTypes = ['upload.ready']) {
      const { status, body } = await admin.call<WebhookCreated>('POST', '/webhooks', { body: { url: receiver.url, eventTypes } })
      assert.equal(status, 201, JSON.stringify(body))
      return body
    },
    detail: async ({ webhookId, id }) => (await admin.call<WebhookDeliveryDetail>('GET', `/webhooks/${webhookId}/deliveries/${id}`)).body,
    async held(endpoint) {
      const row = await world.instance.store.read.webhookEndpoints.find(tenant.id, endpoint.id)
      const message = { type: 'webhook.test', payload: '{"type":"webhook.test"}', fileId: null, at: Date.now() + LATER }
      const id = await world.instance.store.transaction((tx) => sendTo(tx, row!, message))
      return (await deliveries(endpoint)).find((delivery) => delivery.id === id)!
    },
  }
}

async function ended(room: Room, endpoint: Endpoint): Promise<WebhookDelivery> {
  for (;;) {
    const [latest] = await room.deliveries(endpoint)
    if (latest && latest.status !== 'pending') return latest
    await sleep(20)
  }
}

async function ready(room: Room): Promise<void> {
  const { tenant, receiver } = room
  const { webhook, secret } = await room.make()
  const { id: caseId } = await tenant.api.examiner.newCase()
  const file = await tenant.api.examiner.upload(caseId, randomBytes(100), { name: 'secret-name.bin' })
  const message = await receiver.message(1)
  const payload = verified(message, secret) as { type: string; timestamp: string; data: Record<string, unknown> }
  assert.throws(() => verified({ ...message, body: message.body.replace('READY', 'READS') }, secret))
  assert.equal(payload.type, 'upload.ready')
  assert.deepEqual(payload.data, {
    ...{ id: file.id, tenantId: tenant.id, tier: 'secure', status: 'READY', objectClass: null, ownerEntityType: null, ownerEntityId: null },
    ...{ isCurrent: null, caseId, itemId: null, contentType: file.contentType, size: 100, sha256: file.sha256, reasons: [] },
  })
  const row = await room.world.instance.store.read.files.findAny(tenant.id, file.id)
  for (const hidden of ['secret-name', row?.objectKey ?? '', 'http']) assert.ok(!message.body.includes(hidden), hidden)
  assert.match(message.headers['user-agent'] ?? '', /^Holdfast\//)
  const delivery = await ended(room, webhook)
  assert.deepEqual([delivery.status, delivery.responseStatus, delivery.attempts, delivery.fileId], ['delivered', 204, 1, file.id])
  assert.equal(delivery.id, message.headers['webhook-id'])
  const { attempts, payload: kept } = await room.detail(delivery)
  assert.deepEqual(kept, payload)
  assert.deepEqual(
    attempts.map(({ number, byHand, responseStatus, error }) => ({ number, byHand, responseStatus, error })),
    [{ number: 1, byHand: false, responseStatus: 204, error: null }],
  )
}

async function refusedFiles(room: Room): Promise<void> {
  const { tenant, receiver, world } = room
  const { webhook } = await room.make(['upload.failed', 'upload.rejected'])
  const other = await makeRoom(world, receiver)
  await other.make(['upload.failed', 'upload.rejected'])
  const { examiner } = tenant.api
  const { id: caseId } = await examiner.newCase()
  const session = await examiner.initiate({ caseId, name: 'x.bin', size: 10 })
  await examiner.put(session.id, 1, randomBytes(10))
  await examiner.complete(session.id, 'ab'.repeat(32))
  const failed = JSON.parse((await receiver.message(1)).body)
  assert.deepEqual([failed.type, failed.data.id, failed.data.status], ['upload.failed', session.fileId, 'FAILED'])
  const file = await world.instance.store.read.files.findAny(tenant.id, session.fileId)
  const validation = [{ code: 'SVG_SCRIPT', message: 'It holds a script', at: 'line 1' }]
  const rejected = { ...file!, status: 'REJECTED' as const, objectClass: 'COMPANY_LOGO', validation }
  await world.instance.store.transaction((tx) => webhookEvents(tx, { type: 'upload.rejected', file: rejected, at: Date.now() }))
  const told = JSON.parse((await receiver.message(2)).body)
  assert.deepEqual([told.type, told.data.reasons, told.data.objectClass], ['upload.rejected', ['SVG_SCRIPT'], 'COMPANY_LOGO'])
  await examiner.upload(caseId, randomBytes(10))
  assert.equal((await room.deliveries(webhook)).length, 2, 'nobody asked for upload.ready')
  assert.equal(receiver.received.length, 2, 'no other tenant is told')
}

async function rolledBack(room: Room): Promise<void> {
  const { webhook } = await room.make()
  const file = { id: randomUuid(), tenantId: room.tenant.id, validation: null } as never
  const failing = room.world.instance.store.transaction(async (tx) => {
    await webhookEvents(tx, { type: 'upload.ready', file, at: 1 })
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  assert.deepEqual(await room.deliveries(webhook), [])
}

const randomUuid = () => crypto.randomUUID()

async function rotated(room: Room): Promise<void> {
  const { admin } = room.tenant.api
  const { webhook, secret: first } = await room.make()
  const rotate = async () => (await admin.call<WebhookCreated>('POST', `/webhooks/${webhook.id}/rotate-secret`, { body: {} })).body.secret
  const second = await rotate()
  await admin.call('POST', `/webhooks/${webhook.id}/test`, { body: {} })
  const message = await room.receiver.message(1)
  for (const secret of [first, second]) verified(message, secret)
  const third = await rotate()
  await admin.call('POST', `/webhooks/${webhook.id}/test`, { body: {} })
  const next = await room.receiver.message(2)
  for (const secret of [second, third]) verified(next, secret)
  assert.throws(() => verified(next, first), 'never three at once')
  const { writer } = room.world.instance.database
  await writer
    .updateTable('webhook_endpoints')
    .set({ previous_until: Date.now() - 1 })
    .where('id', '=', webhook.id)
    .execute()
  await admin.call('POST', `/webhooks/${webhook.id}/test`, { body: {} })
  const last = await room.receiver.message(3)
  verified(last, third)
  assert.throws(() => verified(last, second))
}

async function schedule(room: Room): Promise<void> {
  const { admin } = room.tenant.api
  const { webhook } = await room.make()
  const delivery = await room.held(webhook)
  const by = deliverer(room.world)
  room.receiver.answer = (response) => void response.writeHead(503).end()
  const waits: number[] = []
  for (let attempt = 1; attempt <= webhookRetrySeconds.length; attempt += 1) {
    await by.attempt(room.tenant.id, delivery.id, attempt)
    await by.attempt(room.tenant.id, delivery.id, attempt)
    const now = (await room.detail(delivery)).delivery
    assert.deepEqual([now.attempts, now.responseStatus, now.error], [attempt, 503, 'It answered 503'])
    if (now.nextAttemptAt !== null) waits.push(Math.round((Date.parse(now.nextAttemptAt) - by.deps.clock.now()) / 1000))
    by.advance((waits.at(-1) ?? 0) * 1000)
  }
  assert.deepEqual(waits, webhookRetrySeconds.slice(1))
  assert.equal(room.receiver.received.length, webhookRetrySeconds.length, 'an attempt that was made is not made again')
  assert.equal(new Set(room.receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
  assert.equal((await room.detail(delivery)).delivery.status, 'failed')
  const again = () => admin.call<WebhookDelivery>('POST', `/webhooks/${webhook.id}/deliveries/${delivery.id}/redeliver`, { body: {} })
  room.receiver.answer = (response) => void response.writeHead(200).end('taken')
  assert.equal((await again()).status, 202)
  const last = await ended(room, webhook)
  assert.deepEqual([last.status, last.attempts], ['delivered', webhookRetrySeconds.length + 1])
  assert.equal((await room.detail(delivery)).attempts.at(-1)?.byHand, true)
}

async function disabled(room: Room): Promise<void> {
  const { admin, examiner } = room.tenant.api
  const { webhook } = await room.make()
  const by = deliverer(room.world)
  const state = async () => (await admin.call<Endpoint>('GET', `/webhooks/${webhook.id}`)).body
  room.receiver.answer = (response) => void response.writeHead(500).end()
  await by.attempt(room.tenant.id, (await room.held(webhook)).id, 1)
  const since = (await state()).failingSince
  assert.notEqual(since, null)
  by.advance(4 * DAY)
  await by.attempt(room.tenant.id, (await room.held(webhook)).id, 1)
  assert.deepEqual([(await state()).enabled, (await state()).failingSince], [true, since])
  by.advance(1.1 * DAY)
  const waiting = await room.held(webhook)
  await by.attempt(room.tenant.id, (await room.held(webhook)).id, 1)
  assert.match((await state()).disabledReason ?? '', /failed for 5 days.*It answered 500/)
  assert.equal((await admin.call('POST', `/webhooks/${webhook.id}/test`, { body: {} })).status, 409)
  const before = room.receiver.received.length
  await by.attempt(room.tenant.id, waiting.id, 1)
  assert.deepEqual([(await room.detail(waiting)).delivery.error, room.receiver.received.length], ['The endpoint is disabled', before])
  await examiner.upload((await examiner.newCase()).id, randomBytes(5))
  assert.ok((await room.deliveries(webhook)).every(({ eventType }) => eventType === 'webhook.test'))
  await admin.call('PATCH', `/webhooks/${webhook.id}`, { body: { enabled: true } })
  const enabled = await state()
  assert.deepEqual([enabled.enabled, enabled.disabledReason, enabled.failingSince], [true, null, null])
  room.receiver.answer = (response) => void response.writeHead(410).end()
  await by.attempt(room.tenant.id, (await room.held(webhook)).id, 1)
  assert.equal((await state()).disabledReason, 'It answered 410 Gone')
  const { body } = await admin.call<PageOf<{ details: { host: string } }>>('GET', '/audit/entries?action=WEBHOOK_DISABLED')
  assert.deepEqual(
    body.items.map(({ details }) => details.host),
    Array.from({ length: 2 }, () => new URL(room.receiver.url).host),
  )
}

async function answersOf(room: Room): Promise<void> {
  const { webhook } = await room.make()
  const by = deliverer(room.world)
  await using elsewhere = await startReceiver()
  const cases: [Receiver['answer'], RegExp][] = [
    [(response) => void response.writeHead(302, { location: elsewhere.url }).end(), /302; redirects are not followed/],
    [(response) => void response.writeHead(500).end('x'.repeat(50_000_000)), /It answered 500/],
    [() => {}, /No answer in time/],
    [(response) => void response.socket?.destroy(), /The connection failed/],
    [(response) => void response.writeHead(200, { 'x-long': 'y'.repeat(100_000) }).end(), /The connection failed/],
  ]
  for (const [answer, words] of cases) {
    room.receiver.answer = answer
    const delivery = await room.held(webhook)
    await by.attempt(room.tenant.id, delivery.id, 1)
    assert.match((await room.detail(delivery)).delivery.error ?? '', words)
    await room.world.instance.store.transaction((tx) =>
      tx.webhookDeliveries.giveUp({ tenantId: room.tenant.id, id: delivery.id }, { error: 'Enough', at: 1 }),
    )
  }
  assert.equal(elsewhere.received.length, 0)
  // An endless answer is cut off once its status is known.
  room.receiver.answer = (response) => {
    response.writeHead(200)
    const more = (): void => {
      if (!response.destroyed) response.write('z'.repeat(65_536), more)
    }
    more()
  }
  const delivery = await room.held(webhook)
  await by.attempt(room.tenant.id, delivery.id, 1)
  assert.equal((await room.detail(delivery)).delivery.status, 'delivered')
}

async function sealed(room: Room): Promise<void> {
  const { admin } = room.tenant.api
  const { webhook, secret } = await room.make()
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  const { database, store } = room.world.instance
  const row = await database.sql.selectFrom('webhook_endpoints').select('secret').where('id', '=', webhook.id).executeTakeFirstOrThrow()
  assert.ok(!Buffer.from(row.secret!).includes(Buffer.from(secret.slice(6), 'base64')))
  assert.ok(!Buffer.from(row.secret!).includes(secret))
  for (const path of ['/webhooks', `/webhooks/${webhook.id}`, '/audit/entries'])
    assert.ok(!JSON.stringify((await admin.call('GET', path)).body).includes(secret), path)
  const entries = JSON.stringify((await admin.call('GET', '/audit/entries')).body)
  assert.ok(!entries.includes('in-the-url'), 'the log names the host alone')
  assert.equal((await admin.call('DELETE', `/webhooks/${webhook.id}`)).status, 204)
  assert.equal((await admin.call('GET', `/webhooks/${webhook.id}`)).status, 404)
  const gone = await database.sql.selectFrom('webhook_endpoints').select('secret').where('id', '=', webhook.id).executeTakeFirstOrThrow()
  assert.equal(gone.secret, null)
  assert.equal(await store.read.webhookEndpoints.count(room.tenant.id), 0)
}

async function forgotten(room: Room): Promise<void> {
  const { webhook } = await room.make()
  const by = deliverer(room.world)
  const delivery = await room.held(webhook)
  await by.attempt(room.tenant.id, delivery.id, 1)
  const count = async () => (await room.world.instance.store.read.webhookDeliveries.attempts(delivery.id)).length
  await purgeDeliveries(by.deps, signal)
  assert.equal(await count(), 1)
  by.advance(31 * DAY)
  await purgeDeliveries(by.deps, signal)
  assert.deepEqual([await room.deliveries(webhook), await count()], [[], 0])
}
