import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FileWorld, openFileWorld } from './file-world.ts'

// Each flow as an app in any language would write it that knows docs/spec alone: a base URL, a token, and the documented calls. No client
// package, no schemas, nothing of this server.

let world: FileWorld
before(async () => {
  world = await openFileWorld()
})
after(() => world?.[Symbol.asyncDispose]())

// biome-ignore lint/suspicious/noExplicitAny: answers are read as the documents say, without schemas
type Json = Record<string, any>

async function call(method: string, path: string, body?: Json, headers: Record<string, string> = {}): Promise<Json> {
  const response = await fetch(`${world.origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${world.api.token}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text ? JSON.parse(text) : {}
}

async function send(url: string, headers: Record<string, string>, bytes: Buffer): Promise<void> {
  const { 'content-length': _, ...rest } = headers
  const { ok, status } = await fetch(url, { method: 'PUT', headers: rest, body: new Uint8Array(bytes) })
  assert.ok(ok, `PUT answered ${status}`)
}

const digest = (algorithm: 'sha256' | 'md5', bytes: Buffer): string => createHash(algorithm).update(bytes).digest('hex')
const bytes = Buffer.from('date,amount\n2026-01-15,12.50\n')

test('C2 C1: the evidence contract from intent to access events, by its documented calls alone', async () => {
  const wish = {
    app: 'accounting',
    companyId: 'company_1',
    kind: 'invoice',
    filename: 'Invoice 7.csv',
    contentType: 'text/csv',
    size: bytes.length,
  }
  const key = { 'idempotency-key': 'invoice-7-upload' }
  const { asset, intent, upload } = await call('POST', '/evidence/upload-intents', { ...wish, checksum: digest('sha256', bytes) }, key)
  await send(upload.url, upload.headers, bytes)
  const done = await call('POST', `/evidence/upload-intents/${intent.id}/complete`, {})
  assert.equal(done.asset.status, 'uploaded')
  let now = asset
  for (; now.status !== 'verified'; now = await call('GET', `/evidence/assets/${asset.id}`)) await sleep(10)
  assert.deepEqual([now.checksumAlgorithm, now.checksum], ['sha256', digest('sha256', bytes)])
  const record = { app: 'accounting', companyId: 'company_1', sourceType: 'invoice', sourceId: 'inv_7', kind: 'original' }
  const link = await call('POST', `/evidence/assets/${asset.id}/links`, record)
  assert.deepEqual((await call('GET', `/evidence/assets/${asset.id}/links`)).items, [link])
  const signed = await call('POST', `/evidence/assets/${asset.id}/sign-download`, {})
  const down = await fetch(signed.url)
  assert.ok(Buffer.from(await down.arrayBuffer()).equals(bytes))
  assert.deepEqual((await call('POST', `/evidence/assets/${asset.id}/verify`)).diagnostics, [])
  const answered = JSON.stringify([asset, intent, done, now, link])
  for (const hidden of ['quarantine/', 'orgs/', world.tenant.id, world.tenant.targetId]) assert.ok(!answered.includes(hidden), hidden)
})

test('O1 O11: an object from its initiation to its deletion, by its documented calls alone', async () => {
  const owner = { ownerEntityType: 'User', ownerEntityId: 'usr_123' }
  const file = { originalFilename: 'report.csv', contentType: 'text/csv', fileSize: bytes.length }
  const begun = await call('POST', '/uploads/initiate', { objectClass: 'REPORT', ...owner, ...file })
  const { id } = begun.storedObject
  assert.equal(begun.uploadMethod, 'PUT')
  await send(begun.uploadUrl, begun.uploadHeaders, bytes)
  assert.equal((await call('POST', `/uploads/${id}/complete`, { checksum: digest('md5', bytes) })).status, 'SCANNING')
  for (let status = ''; status !== 'READY'; status = (await call('GET', `/uploads/${id}`)).status) await sleep(10)
  const listed = await call('GET', '/uploads?ownerEntityType=User&ownerEntityId=usr_123&isCurrent=true')
  assert.deepEqual(
    listed.items.map((item: Json) => item.id),
    [id],
  )
  const { downloadUrl, fileSize, contentType } = await call('POST', `/uploads/${id}/download-url?disposition=attachment`)
  assert.deepEqual([fileSize, contentType], [String(bytes.length), 'text/csv'])
  assert.ok(Buffer.from(await (await fetch(downloadUrl)).arrayBuffer()).equals(bytes))
  await call('DELETE', `/uploads/${id}`)
  await assert.rejects(call('GET', `/uploads/${id}`), / 404 /)
})
