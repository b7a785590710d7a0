import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectInitiated, PageOf, Webhook, WebhookCreated, WebhookDelivery } from '@holdfast/api'
import { openFileWorld } from './file-world.ts'
import { startReceiver } from './webhook-receiver.ts'
import { webhooksContract } from './webhooks.contract.ts'

webhooksContract('SQLite', { url: async () => null, end: async () => {} })

const eventTypes = ['upload.ready']

test('O15: no webhook goes to this host or a metadata service, however the address is spelled', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld({ allowLocalWebhooks: false })
  await using receiver = await startReceiver()
  const { admin } = world.tenant.api
  const { port } = new URL(receiver.url)
  const create = (url: string) => admin.call<WebhookCreated>('POST', '/webhooks', { body: { url, eventTypes } })
  const local = ['127.0.0.1', '0x7f000001', '2130706433', '127.1', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', '[::]']
  const metadata = ['169.254.169.254', '[fd00:ec2::254]', '100.100.100.200']
  for (const host of [...local, ...metadata]) assert.equal((await create(`http://${host}:${port}/`)).status, 400, host)
  for (const url of ['ftp://example.org/', 'file:///etc/passwd', 'https://user:pass@example.org/', 'https://example.org/#x', 'nonsense'])
    assert.equal((await create(url)).status, 400, url)
  const { webhook } = (await create(`http://localhost:${port}/`)).body
  assert.equal((await admin.call('PATCH', `/webhooks/${webhook.id}`, { body: { url: `http://127.0.0.1:${port}/` } })).status, 400)
  await admin.call('POST', `/webhooks/${webhook.id}/test`, { body: {} })
  let delivery: WebhookDelivery | undefined
  while (!delivery?.error) {
    await sleep(20)
    delivery = (await admin.call<PageOf<WebhookDelivery>>('GET', `/webhooks/${webhook.id}/deliveries`)).body.items[0]
  }
  assert.match(delivery.error, /address of this server/)
  assert.equal(receiver.received.length, 0)
})

test('O15: webhooks are changed from the version at hand, and there are not too many', async () => {
  await using world = await openFileWorld()
  const { admin, examiner } = world.tenant.api
  const body = { url: 'https://hooks.example.org/a', eventTypes }
  const { webhook } = (await admin.call<WebhookCreated>('POST', '/webhooks', { body })).body
  const patch = (etag: string, changes: object) =>
    admin.call<Webhook>('PATCH', `/webhooks/${webhook.id}`, { body: changes, headers: { 'if-match': etag } })
  assert.equal((await patch('"1"', { description: 'Ours' })).body.version, 2)
  assert.equal((await patch('"1"', { description: 'Theirs' })).status, 412)
  assert.equal((await patch('"2"', { eventTypes: ['upload.nothing'] })).status, 400)
  for (let count = 1; count < 20; count += 1) assert.equal((await admin.call('POST', '/webhooks', { body })).status, 201)
  assert.equal((await admin.call('POST', '/webhooks', { body })).status, 409)
  assert.equal((await examiner.call('GET', '/webhooks')).status, 403)
})

const csv = Buffer.from('name,amount\nAda,1\n')

test('O15 O1: objects of apps are told of: ready, rejected, failed', { timeout: 60_000 }, async () => {
  await using world = await openFileWorld()
  await using receiver = await startReceiver()
  const { admin } = world.tenant.api
  const all = ['upload.ready', 'upload.rejected', 'upload.failed']
  await admin.call('POST', '/webhooks', { body: { url: receiver.url, eventTypes: all } })
  const send = async (bytes: Buffer, sha256?: string) => {
    const wanted = { objectClass: 'REPORT', ownerEntityType: 'User', ownerEntityId: 'usr_1' }
    const file = { originalFilename: 'a.csv', contentType: 'text/csv', fileSize: bytes.length }
    const { body } = await admin.call<ObjectInitiated>('POST', '/uploads/initiate', { body: { ...wanted, ...file } })
    const url = new URL(body.uploadUrl, world.origin)
    const put = await fetch(url, { method: body.uploadMethod, headers: body.uploadHeaders, body: new Uint8Array(bytes) })
    assert.ok(put.ok, await put.text())
    await admin.call('POST', `/uploads/${body.storedObject.id}/complete`, { body: sha256 ? { checksums: { sha256 } } : {} })
    return body.storedObject.id
  }
  const told = async (count: number) => JSON.parse((await receiver.message(count)).body)
  const ready = await send(csv)
  const first = await told(1)
  assert.deepEqual([first.type, first.data.id, first.data.ownerEntityId], ['upload.ready', ready, 'usr_1'])
  assert.equal(first.data.isCurrent, true)
  await send(Buffer.from('\u0000\u0001 not a table \u0000'))
  const second = await told(2)
  assert.equal(second.type, 'upload.rejected')
  assert.ok(second.data.reasons.length > 0)
  await send(csv, 'ab'.repeat(32))
  assert.equal((await told(3)).type, 'upload.failed')
})
