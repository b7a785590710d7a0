import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FileWorld, openFileWorld } from './file-world.ts'
import { bindObjects, type ObjectPlace, objectBackends } from './object-backends.ts'

// Each flow as an app in any language would write it that knows docs/spec alone: a base URL, a token, and the documented calls. No client
// package, no schemas, nothing of this server.

let world: FileWorld

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

async function evidenceFlow(): Promise<void> {
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
  const again = await call('POST', '/evidence/upload-intents', { ...wish, checksum: digest('sha256', bytes) }, key)
  assert.deepEqual([again.replayed, again.intent.id, again.asset.id], [true, intent.id, asset.id])
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
  const auditor = { authorization: `Bearer ${world.tenant.api.auditor.token}` }
  const { items } = await call('GET', `/evidence/assets/${asset.id}/access-events`, undefined, auditor)
  const told = new Set(items.map((event: Json) => event.kind))
  // A download straight from a bucket passes this server by; the entry of its signing tells of it.
  const expected = ['read', 'sign', 'link', 'verify', ...(signed.url.startsWith(world.origin) ? ['download'] : [])]
  for (const kind of expected) assert.ok(told.has(kind), `${kind} in ${[...told]}`)
  const answered = JSON.stringify([asset, intent, done, now, link])
  for (const hidden of ['quarantine/', 'orgs/', world.tenant.id, world.tenant.targetId]) assert.ok(!answered.includes(hidden), hidden)
}

async function objectFlow(): Promise<void> {
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
}

/** What the documents say that is refused, and how: each problem has a code and says what to do. */
async function refusals(): Promise<void> {
  const owner = { ownerEntityType: 'User', ownerEntityId: 'usr_123' }
  const file = { objectClass: 'REPORT', ...owner, originalFilename: 'report.csv', contentType: 'text/csv', fileSize: bytes.length }
  const begun = await call('POST', '/uploads/initiate', file)
  await send(begun.uploadUrl, begun.uploadHeaders, bytes)
  const other = digest('md5', Buffer.from('another file'))
  const cases: readonly (readonly [RegExp, string, string, Json])[] = [
    [/ 400 .*"code":"FILE_TOO_LARGE"/, 'POST', '/uploads/initiate', { ...file, fileSize: 20 * 1024 * 1024 + 1 }],
    [/ 400 .*"code":"TYPE_NOT_ALLOWED"/, 'POST', '/uploads/initiate', { ...file, contentType: 'image/png' }],
    [/ 400 .*"code":"VALIDATION_ERROR".*"errors":/, 'POST', '/uploads/initiate', { ...file, fileSize: 'many' }],
    [/ 400 .*"code":"CHECKSUM_MISMATCH"/, 'POST', `/uploads/${begun.storedObject.id}/complete`, { checksum: other }],
    [/ 404 .*"code":"NOT_FOUND"/, 'POST', '/uploads/01a22495-0000-7000-8000-000000000000/complete', {}],
  ]
  for (const [told, method, path, body] of cases) {
    await assert.rejects(call(method, path, body), (error: Error) => {
      assert.match(error.message, told)
      for (const member of ['type', 'title', 'status', 'detail', 'requestId']) assert.ok(error.message.includes(`"${member}":`), member)
      return true
    })
  }
}

/** Numbered parts in any order, one of them twice, and the way on after an interruption. */
async function uploadFlow(): Promise<void> {
  const made = await call('POST', '/cases', { number: 'CASE-2026-001', title: 'Laptop' })
  const disk = Buffer.alloc(20_000_000, 'evidence ')
  const session = await call('POST', '/upload-sessions', { caseId: made.id, name: 'disk.img', size: disk.length })
  const { id, partSize, partCount } = session
  assert.deepEqual([partSize % 8_388_352, partCount], [0, Math.ceil(disk.length / partSize)])
  const put = async (number: number): Promise<void> => {
    const part = disk.subarray((number - 1) * partSize, number * partSize)
    const headers = {
      ...{ authorization: `Bearer ${world.api.token}`, 'content-type': 'application/octet-stream' },
      'content-digest': `sha-256=:${createHash('sha256').update(part).digest('base64')}:`,
    }
    const { status } = await fetch(`${world.origin}/api/v1/upload-sessions/${id}/parts/${number}`, {
      method: 'PUT',
      headers,
      body: new Uint8Array(part),
    })
    assert.equal(status, 200)
  }
  await put(partCount)
  await assert.rejects(call('POST', `/upload-sessions/${id}/complete`, {}), / 409 .*"code":"PARTS_MISSING"/)
  const { receivedParts } = await call('GET', `/upload-sessions/${id}`)
  assert.deepEqual(
    receivedParts.map((part: Json) => part.number),
    [partCount],
  )
  for (let number = 1; number <= partCount; number += 1) await put(number)
  const done = await call('POST', `/upload-sessions/${id}/complete`, { sha256: digest('sha256', disk) })
  let file = done
  for (; file.status !== 'READY'; file = await call('GET', `/files/${done.id}`)) await sleep(10)
  assert.equal(file.sha256, digest('sha256', disk))
  const content = await fetch(`${world.origin}/api/v1/files/${file.id}/content`, {
    headers: { authorization: `Bearer ${world.api.token}` },
  })
  assert.ok(Buffer.from(await content.arrayBuffer()).equals(disk))
}

for (const backend of [objectBackends.local, objectBackends.versitygw, objectBackends.samba]) {
  suite(`documented flows on ${backend.name}`, () => {
    let place: ObjectPlace
    before(async () => {
      place = await backend.start()
      world = await openFileWorld()
      await bindObjects(world, place)
    })
    after(async () => {
      await world?.[Symbol.asyncDispose]()
      await place?.[Symbol.asyncDispose]()
    })
    test('C2 C1: the evidence contract from intent to access events, by its documented calls alone', evidenceFlow)
    test('O1 O11: an object from its initiation to its deletion, by its documented calls alone', objectFlow)
    test('O13: what is refused is told with the documented status, code and members', refusals)
    if (backend === objectBackends.local) test('S9: an upload of parts that is interrupted, by its documented calls alone', uploadFlow)
  })
}
